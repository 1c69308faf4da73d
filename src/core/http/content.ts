/** Answers as bytes: big documents go compressed and with a tag, so that nobody gets the same megabyte twice. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** JSON from this size on is compressed and tagged; below, the header costs more than it saves. */
const BIG_BYTES = 8 * 1024

const compress = promisify(gzip)
const made = new WeakSet<object>()

/** Bytes ready to send; a handler may return one instead of a document, and keep it for the next who asks. */
export interface Content {
  readonly type: string
  readonly body: Buffer<ArrayBuffer>
  /** null: not worth it. */
  readonly gzip: Buffer<ArrayBuffer> | null
  /** null: too small for one. */
  readonly etag: string | null
  /** How long a browser need not ask again, s; 0: it asks each time whether the tag is still right. */
  readonly maxAge: number
  /** Offered as the name of a file to be saved; null: shown. */
  readonly fileName: string | null
}

/** What is said of content that isn't a JSON document of the moment. */
export interface ContentOptions {
  readonly maxAge?: number
  readonly fileName?: string
}

/** Makes content of bytes of any kind (`type`: `text/csv`, ...). */
export async function bytesContent(type: string, bytes: Uint8Array, options: ContentOptions = {}): Promise<Content> {
  const body = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
  const big = body.length >= BIG_BYTES
  const content: Content = {
    type,
    body,
    gzip: big && /^text\/|json|xml/.test(type) ? await compress(body) : null,
    etag: big ? `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` : null,
    maxAge: options.maxAge ?? 0,
    fileName: options.fileName ?? null,
  }
  made.add(content)
  return content
}

/** Makes content of a JSON document. */
export function jsonContent(document: unknown, options?: ContentOptions): Promise<Content> {
  return bytesContent('application/json', Buffer.from(JSON.stringify(document)), options)
}

/** Whether a handler's answer is content already. */
export function isContent(answer: unknown): answer is Content {
  return typeof answer === 'object' && answer !== null && made.has(answer)
}

/** The response for somebody who accepts these encodings (`Accept-Encoding`) and has these tags (`If-None-Match`). */
export function contentResponse(content: Content, encodings: string | undefined, tags: string | undefined): Response {
  const headers = new Headers({ 'content-type': content.type })
  if (content.etag !== null) {
    headers.set('etag', content.etag)
    headers.set('vary', 'accept-encoding')
    headers.set('cache-control', content.maxAge === 0 ? 'no-cache' : `private, max-age=${content.maxAge}`)
    if (tags?.includes(content.etag)) return new Response(null, { status: 304, headers })
  }
  if (content.fileName !== null) headers.set('content-disposition', `attachment; filename="${content.fileName}"`)
  if (content.gzip === null || !/\bgzip\b/.test(encodings ?? '')) return new Response(content.body, { headers })
  headers.set('content-encoding', 'gzip')
  return new Response(content.gzip, { headers })
}
