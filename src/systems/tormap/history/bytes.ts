/** Whole numbers and texts as few bytes: base 128 with a bit that says "more", negatives folded in. Pure. */
import { NocError } from '#core/errors.ts'

/** Above this, bit operations (32-bit) give wrong answers. */
const SMALL = 0x3fffffff
/** Bytes that the longest number takes (53 bits). */
const LONGEST = 8

/** Collects bytes. */
export interface ByteWriter {
  /** A whole number of any sign, up to 2^52. */
  number(value: number): void
  /** Texts one after the other; their lengths come before. */
  texts(values: readonly string[]): void
  bytes(): Uint8Array
}

/** Makes an empty writer. */
export function byteWriter(): ByteWriter {
  let buffer = Buffer.allocUnsafe(1 << 16)
  let length = 0
  const room = (bytes: number): void => {
    if (length + bytes <= buffer.length) return
    buffer = Buffer.concat([buffer.subarray(0, length)], Math.max(buffer.length * 2, length + bytes))
  }
  const number = (value: number): void => {
    room(LONGEST)
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    for (; rest > SMALL; rest = Math.floor(rest / 128)) buffer[length++] = (rest % 128) | 0x80
    for (; rest > 0x7f; rest >>= 7) buffer[length++] = (rest & 0x7f) | 0x80
    buffer[length++] = rest
  }
  return {
    number,
    texts: (values) => {
      number(values.length)
      for (const text of values) number(text.length)
      const all = Buffer.from(values.join(''))
      number(all.length)
      room(all.length)
      length += all.copy(buffer, length)
    },
    bytes: () => buffer.subarray(0, length),
  }
}

/** Takes apart what a writer made; bytes that no writer made are an error, never a hang or an endless list. */
export interface ByteReader {
  number(): number
  /** A number, at least `least` (0), of things that each take at least one byte of what is left. */
  count(least?: number): number
  texts(): string[]
  /** Checks that nothing is left. */
  end(): void
}

/** The history's file holds what no version of this program wrote. */
export function damaged(): NocError {
  return new NocError('NOC_TORMAP_HISTORY', 'An hour in the history of the map is damaged.', {
    hint: 'Move the folder tormap of the data directory away: the history begins anew.',
  })
}

/** Reads from the beginning of `bytes`. */
export function byteReader(bytes: Uint8Array): ByteReader {
  let at = 0
  const number = (): number => {
    let byte = bytes[at++] ?? bad()
    if (byte < 0x80) return byte & 1 ? -(byte + 1) >> 1 : byte >> 1
    let value = byte & 0x7f
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      if (scale > 2 ** 49) bad()
      byte = bytes[at++] ?? bad()
      value += (byte & 0x7f) * scale
    }
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }
  const count = (least = 0): number => {
    const value = number()
    return value < least || value > bytes.length - at ? bad() : value
  }
  return {
    number,
    count,
    texts: () => {
      const lengths = Array.from({ length: count() }, number)
      const size = count()
      const all = Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString()
      at += size
      let from = 0
      const texts = lengths.map((length) => (length < 0 ? bad() : all.slice(from, (from += length))))
      return from === all.length ? texts : bad()
    },
    end: () => {
      if (at !== bytes.length) bad()
    },
  }
}

function bad(): never {
  throw damaged()
}
