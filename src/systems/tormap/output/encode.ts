/** Written at a time, bytes; large enough for nearly every text. */
const CHUNK_BYTES = 1 << 20
/** UTF-8 takes at most so many bytes for a character of a string (UTF-16 unit). */
export const MOST_BYTES = 3

/** The UTF-8 of many texts one after the other. */
export function encode(texts: Iterable<string>): Uint8Array {
  return Buffer.concat(encodeChunks(texts))
}

/**
 * The same in pieces. Each text is gone once it is written: a map's worth of them kept until the end would cost more
 * time in memory management than making them.
 */
export function encodeChunks(texts: Iterable<string>): readonly Uint8Array[] {
  const chunks: Buffer[] = []
  let chunk = Buffer.alloc(0)
  let used = 0
  for (const text of texts) {
    if (chunk.length - used < text.length * MOST_BYTES) {
      if (used > 0) chunks.push(chunk.subarray(0, used))
      chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, text.length * MOST_BYTES))
      used = 0
    }
    used += chunk.write(text, used)
  }
  return [...chunks, chunk.subarray(0, used)]
}
