/**
 * Domain names on the wire (RFC 1035, sections 3.1 and 4.1.4). As text they are in presentation form: labels joined by
 * dots without a last one, the root is ''; a dot, backslash or unprintable byte inside a label is escaped (section 5.1).
 */
import { NocError } from '#core/errors.ts'

/** Bytes of a label (RFC 1035, section 2.3.4). */
const MAX_LABEL = 63
/** Bytes of a name with its length bytes and the closing zero (RFC 1035, section 2.3.4). */
const MAX_NAME = 255
/** The two top bits of a length byte say that it is the first byte of a pointer. */
const POINTER = 0xc0

/** What was wrong with a message, and where. */
export function malformed(what: string, offset: number): NocError {
  return new NocError('NOC_DNS_MALFORMED', `DNS message: ${what} at byte ${offset}.`)
}

/** The name at `offset` of a message, and the offset behind it. A pointer may only lead back, so reading ends. */
export function readName(message: Uint8Array, offset: number): { readonly name: string; readonly next: number } {
  const labels: string[] = []
  let at = offset
  let next: number | null = null
  let limit = message.length
  let size = 1
  for (;;) {
    const length = message[at]
    if (length === undefined || at >= limit) throw malformed('a name without end', at)
    if (length === 0) return { name: labels.join('.'), next: next ?? at + 1 }
    if ((length & POINTER) === POINTER) {
      const low = message[at + 1]
      const target = ((length & ~POINTER) << 8) | (low ?? 0)
      if (low === undefined || target >= at) throw malformed('a name that points nowhere', at)
      next ??= at + 2
      limit = at
      at = target
      continue
    }
    size += length + 1
    if (length > MAX_LABEL || size > MAX_NAME) throw malformed('a name that is too long', at)
    const label = message.subarray(at + 1, at + 1 + length)
    if (label.length < length) throw malformed('a label without end', at)
    labels.push(labelText(label))
    at += length + 1
  }
}

/** A name as bytes, uncompressed. Throws when it can't be one: an empty or too long label, too long at all. */
export function nameBytes(name: string): Uint8Array {
  const bytes = splitName(name).flatMap((label) => {
    if (label.length === 0 || label.length > MAX_LABEL) throw malformed('a label of a wrong length', 0)
    return [label.length, ...label]
  })
  if (bytes.length + 1 > MAX_NAME) throw malformed('a name that is too long', 0)
  return Uint8Array.from([...bytes, 0])
}

function labelText(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    const character = String.fromCharCode(byte)
    if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, '0')}`
    else text += character === '.' || character === '\\' ? `\\${character}` : character
  }
  return text
}

/** Labels of a text, as bytes. */
function splitName(name: string): number[][] {
  if (name === '') return []
  const labels: number[][] = [[]]
  for (const [token] of name.matchAll(/\\\d{3}|\\[^]|[^]/g)) {
    if (token === '.') labels.push([])
    else labels.at(-1)?.push(tokenByte(token))
  }
  return labels
}

function tokenByte(token: string): number {
  const byte = /^\\\d/.test(token) ? Number(token.slice(1)) : token.charCodeAt(token.length - 1)
  if (byte > 255) throw malformed('a character that no name holds', 0)
  return byte
}
