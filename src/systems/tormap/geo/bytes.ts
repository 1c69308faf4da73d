/** Bytes in reach of a reader that needs few of many. */
export interface Bytes {
  /** For messages: the file's. */
  readonly name: string
  readonly size: number
  /** One byte; 0 beyond the end. */
  at(offset: number): number
  /** Four bytes as a number from 0 to 2^32, the first one highest; 0 for those beyond the end. */
  word(offset: number): number
  /** A copy, shorter where the end is nearer. */
  copy(offset: number, length: number): Buffer
  /** The same as text. */
  text(offset: number, length: number, encoding: 'utf8' | 'latin1'): string
}

/** Bytes that lie in memory. */
export function bytesOf(array: Uint8Array, name: string): Bytes {
  const copy = (offset: number, length: number): Buffer => Buffer.from(array.subarray(offset, offset + length))
  return {
    name,
    size: array.length,
    at: (offset) => array[offset] ?? 0,
    word: (offset) => wordOf(array, offset),
    copy,
    text: (offset, length, encoding) => copy(offset, length).toString(encoding),
  }
}

/** The four bytes of an array from `offset` on as a number. */
export function wordOf(array: Uint8Array, offset: number): number {
  const high = ((array[offset] ?? 0) << 24) | ((array[offset + 1] ?? 0) << 16)
  return (high | ((array[offset + 2] ?? 0) << 8) | (array[offset + 3] ?? 0)) >>> 0
}
