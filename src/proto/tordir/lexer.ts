/**
 * The form that all documents of the Tor directory share: lines of a keyword and its arguments, some with an object in
 * base64 behind them. Source: dir-spec 1.2. A cursor without an object a line: a consensus has 60,000 lines.
 */
import { TordirError } from './error.ts'

/** No document of today's network comes near it: a consensus has 4 MB, all server descriptors 30 MB. */
export const MAX_DOCUMENT_BYTES: number = 64 * 1024 * 1024
/** What tor itself takes. Source: tor, parsecommon.c. */
const MAX_LINE_BYTES = 128 * 1024
/** Base64 of one object, with its line ends. Source: tor, parsecommon.c. */
const MAX_OBJECT_BYTES = 128 * 1024

const LF = 10
const DASH = 45

/** The place in a document; `advance` moves it to the next item. Offsets are bytes, which `text` has one a character. */
export interface Lexer {
  readonly bytes: Uint8Array
  /** The document read as latin-1: offsets in it are offsets of bytes. */
  readonly text: string
  keyword: string
  /** Where the item's line begins. */
  offset: number
  /** Where its arguments begin; `end` when it has none. */
  args: number
  /** The LF that ends its line. */
  end: number
  /** Label of its object; null without one. */
  label: string | null
  /** The object's base64. */
  bodyFrom: number
  bodyTo: number
  /** Where the next item begins. */
  next: number
  /** The first space at or behind the last place that was asked for: without it, lines without one cost a look each. */
  space: number
}

/** Checks size, line ends and NUL, and makes a cursor that stands before the first item (`from` on). */
export function lexer(bytes: Uint8Array, from = 0): Lexer {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new TordirError(`the document has more than ${MAX_DOCUMENT_BYTES} bytes`, { line: 1, offset: 0 })
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const lx: Lexer = {
    bytes,
    text,
    keyword: '',
    offset: from,
    args: from,
    end: from,
    label: null,
    bodyFrom: from,
    bodyTo: from,
    next: from,
    space: -1,
  }
  const nul = bytes.indexOf(0)
  if (nul >= 0) fail(lx, 'there is a NUL byte', nul)
  const cr = bytes.indexOf(13)
  if (cr >= 0) fail(lx, 'there is a carriage return: something changed the line ends', cr)
  if (bytes.length > 0 && bytes.at(-1) !== LF) fail(lx, 'the last line is not complete', bytes.length)
  return lx
}

/** Moves to the next item and over its object; false at the document's end. */
export function advance(lx: Lexer): boolean {
  const { text, next } = lx
  if (next >= text.length) return false
  const end = text.indexOf('\n', next)
  lx.offset = next
  lx.end = end
  lx.next = end + 1
  lx.label = null
  if (end - next > MAX_LINE_BYTES) fail(lx, `the line has more than ${MAX_LINE_BYTES} bytes`)
  takeKeyword(lx, next)
  if (text.charCodeAt(lx.next) === DASH) takeObject(lx)
  return true
}

/** Moves to the next item, which must be there. */
export function step(lx: Lexer): void {
  if (advance(lx)) return
  fail(lx, lx.text === '' ? 'the document is empty' : 'the document ends too early', lx.text.length)
}

function takeKeyword(lx: Lexer, from: number): void {
  const { text, end } = lx
  if (lx.space < from) {
    const space = text.indexOf(' ', from)
    lx.space = space < 0 ? text.length : space
  }
  const stop = Math.min(lx.space, end)
  // Single characters are no new strings.
  lx.keyword = stop - from === 1 ? text.charAt(from) : text.slice(from, stop)
  lx.args = stop === end ? end : stop + 1
  // What old tors wrote before keywords that were new then. Source: dir-spec 1.2.
  if (lx.keyword === 'opt' && from === lx.offset) takeKeyword(lx, lx.args)
}

const BEGIN = /-----BEGIN ([A-Za-z0-9][A-Za-z0-9 -]{0,62})-----\n/y
const BODY = /^(?:[A-Za-z0-9+/=]+\n)*$/

function takeObject(lx: Lexer): void {
  const { text, next } = lx
  BEGIN.lastIndex = next
  const label = BEGIN.exec(text)?.[1]
  if (label === undefined) return fail(lx, 'a line of dashes is no beginning of an object', next)
  const from = BEGIN.lastIndex
  const close = `-----END ${label}-----\n`
  const to = text.indexOf('-', from)
  if (to < 0 || !text.startsWith(close, to)) fail(lx, `the object ${label} has no end`, next)
  if (to - from > MAX_OBJECT_BYTES) fail(lx, `the object ${label} has more than ${MAX_OBJECT_BYTES} bytes`, next)
  const body = text.slice(from, to)
  if (!BODY.test(body)) fail(lx, `the object ${label} is not base64`, from)
  lx.label = label
  lx.bodyFrom = from
  lx.bodyTo = to
  lx.next = to + close.length
}

/** The text behind the keyword, as it stands in the document (latin-1). */
export function argumentText(lx: Lexer): string {
  return lx.text.slice(lx.args, lx.end)
}

/** The text behind the keyword for what people wrote; bytes that are no UTF-8 become U+FFFD. */
export function argumentUtf8(lx: Lexer): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(lx.bytes.subarray(lx.args, lx.end))
}

/** The arguments, between runs of spaces and tabs. */
export function argumentWords(lx: Lexer): string[] {
  return argumentText(lx)
    .split(/[ \t]+/)
    .filter((word) => word !== '')
}

/** The bytes of the item's object, which must be there, have this label and be base64 in the one way to write it. */
export function objectBytes(lx: Lexer, label: string): Uint8Array {
  if (lx.label !== label) return fail(lx, `${lx.keyword} needs an object ${label}`)
  const base64 = lx.text.slice(lx.bodyFrom, lx.bodyTo).replaceAll('\n', '')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length === 0 || bytes.toString('base64') !== base64)
    fail(lx, `the object ${label} is not base64`, lx.bodyFrom)
  return bytes
}

/** Refuses any item but the one that must be here. */
export function expectKeyword(lx: Lexer, keyword: string, what: string): void {
  if (lx.keyword !== keyword) fail(lx, what)
}

/** Refuses an object behind an item that has none. */
export function expectNoObject(lx: Lexer): void {
  if (lx.label !== null) fail(lx, `${lx.keyword} has an object, and may have none`, lx.end + 1)
}

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/

/** What to do with an item that nobody knows: nothing, if it is one at all. */
export function ignoreUnknown(lx: Lexer): void {
  if (!KEYWORD.test(lx.keyword)) fail(lx, 'the line has no keyword')
}

/** Throws a TordirError at an offset, or at the item. */
export function fail(lx: Lexer, what: string, offset: number = lx.offset): never {
  throw new TordirError(what, { line: lineAt(lx.text, offset), offset })
}

/** Number of the line that an offset lies in. */
function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
