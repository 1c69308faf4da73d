import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** A file of the console, ready to send. */
export interface Asset {
  readonly body: Buffer<ArrayBuffer>
  readonly gzip: Buffer<ArrayBuffer>
  readonly type: string
  readonly etag: string
  /** Its name holds its hash, so a browser may keep it for ever. */
  readonly immutable: boolean
}
/** The console's files by path (`/main-ABC.js`); empty when it was not built. */
export type Assets = ReadonlyMap<string, Asset>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Where the build leaves the console, seen from the bundle (dist/noc.js, dist/noc/x.js) and from the sources. */
export function consoleDirectory(): string | undefined {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const found = [join(at, 'console'), join(at, 'dist', 'console')].find(
      (d) => existsSync(join(d, 'index.html')) && !existsSync(join(d, 'main.tsx')),
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** Reads the console into memory: it is small, and a deleted or half-replaced directory then changes nothing. */
export async function loadAssets(directory: string | undefined): Promise<Assets> {
  if (directory === undefined) return new Map()
  const files = await readdir(directory)
  const entries = files.map(async (file): Promise<[string, Asset]> => {
    const body = await readFile(join(directory, file))
    const asset = {
      body,
      gzip: gzipSync(body, { level: 9 }),
      type: TYPES[extname(file)] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      immutable: /-[A-Z0-9]{8}\./.test(file),
    }
    return [`/${file}`, asset]
  })
  return new Map(await Promise.all(entries))
}
