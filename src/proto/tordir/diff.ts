/** Differences of consensuses, as mirrors send them: an ed script between the digests of two documents. dir-spec 4.5. */
import { createHash } from 'node:crypto'
import { TordirError } from './error.ts'
import { MAX_DOCUMENT_BYTES } from './lexer.ts'

const FIRST_LINE = 'network-status-diff-version 1'
const SIGNATURE = '\ndirectory-signature '
const HASHES = /^hash ([0-9A-Fa-f]{64}) ([0-9A-Fa-f]{64})$/
const COMMAND = /^(0|[1-9]\d{0,8})(?:,(\$|[1-9]\d{0,8}))?([acd])$/

/**
 * What a request for a difference names its base by (`X-Or-Diff-From-Consensus`): SHA3-256 of the part that is signed,
 * 64 upper-case hexadecimal digits.
 */
export function consensusDiffDigest(bytes: Uint8Array): string {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(SIGNATURE)
  if (at < 0) throw new TordirError('the consensus has no signature', { line: 1, offset: 0 })
  return sha3(bytes.subarray(0, at + SIGNATURE.length))
}

/** Makes the new consensus from the one that the difference was asked for; throws a TordirError when it doesn't fit. */
export function applyConsensusDiff(base: Uint8Array, diff: Uint8Array): Uint8Array {
  const reader: Reader = { bytes: diff, line: 0, offset: 0, next: 0 }
  if (takeLine(reader) !== FIRST_LINE) refuse(reader, `the first line is not "${FIRST_LINE}"`)
  const [, from = '', to = ''] = HASHES.exec(takeLine(reader) ?? '') ?? refuse(reader, 'there is no line of hashes')
  if (from.toUpperCase() !== consensusDiffDigest(base)) refuse(reader, 'this is the difference to another consensus')
  const result = Buffer.concat(edit(base, reader))
  if (to.toUpperCase() !== sha3(result)) refuse(reader, 'the result is not the consensus that was promised')
  return result
}

function sha3(bytes: Uint8Array): string {
  return createHash('sha3-256').update(bytes).digest('hex').toUpperCase()
}

/** A place in the difference; its lines may hold anything. */
interface Reader {
  readonly bytes: Uint8Array
  line: number
  offset: number
  next: number
}

/** The next line without its end; null behind the last. */
function takeLine(reader: Reader): string | null {
  const { bytes, next } = reader
  if (next === bytes.length) return null
  reader.offset = next
  reader.line += 1
  const end = bytes.indexOf(10, next)
  if (end < 0) return refuse(reader, 'the last line is not complete')
  reader.next = end + 1
  return Buffer.from(bytes.subarray(next, end)).toString('latin1')
}

function refuse({ line, offset }: Reader, what: string): never {
  throw new TordirError(
    `the difference of consensuses can't be used: ${what}`,
    { line, offset },
    'fetch the whole consensus',
  )
}

/** The parts of the result. Commands go from the last line of the base to the first. */
function edit(base: Uint8Array, reader: Reader): Uint8Array[] {
  const starts = lineStarts(base)
  const between = (from: number, to: number): Uint8Array => base.subarray(starts[from], starts[to])
  const parts: Uint8Array[] = []
  let size = base.length
  /** Lines of the base that no command has been about yet. */
  let left = starts.length - 1
  for (let line = takeLine(reader); line !== null; line = takeLine(reader)) {
    const { from, to, adds } = readCommand(line, left, reader)
    parts.push(between(to, left))
    if (adds) {
      const text = takeText(reader)
      size += text.length
      if (size > MAX_DOCUMENT_BYTES) refuse(reader, `the result has more than ${MAX_DOCUMENT_BYTES} bytes`)
      parts.push(text)
    }
    left = from
  }
  parts.push(between(0, left))
  return parts.toReversed()
}

/** Offsets of the lines, and of the end. */
function lineStarts(bytes: Uint8Array): number[] {
  const starts = [0]
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) starts.push(at + 1)
  return starts
}

/** The lines `from` to `to` (0-based, without `to`) are replaced or, in front of `to`, nothing is. */
function readCommand(line: string, left: number, reader: Reader): { from: number; to: number; adds: boolean } {
  const [, first, last, act] = COMMAND.exec(line) ?? refuse(reader, 'a line is no command')
  const start = Number(first)
  if (act === 'a') {
    if (last !== undefined || start > left) refuse(reader, 'a command adds lines where it can not')
    return { from: start, to: start, adds: true }
  }
  const end = last === undefined ? start : last === '$' ? left : Number(last)
  if (start === 0 || end < start || end > left)
    refuse(reader, 'commands are not in order, or about lines that are not there')
  return { from: start - 1, to: end, adds: act === 'c' }
}

/** The lines that a command adds: up to a line with nothing but a dot. */
function takeText(reader: Reader): Uint8Array {
  const from = reader.next
  for (let line = takeLine(reader); line !== '.'; line = takeLine(reader)) {
    if (line === null) refuse(reader, 'the last text that is added has no end')
  }
  return reader.bytes.subarray(from, reader.offset)
}
