import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Colour types. PNG 11.2.2 */
const KINDS = { 'red, green, blue': 2, 'grey and alpha': 4 } as const
/** Of zlib: pictures here are mostly flat, more effort saves little. */
const LEVEL = 4

/**
 * A chunk size with which zlib packs so many bytes of these documents at one go, bytes. With smaller ones it asks this
 * thread for room after each, and has to wait until this thread has time for it.
 */
export function oneChunk(length: number): number {
  return (length >> 2) + (1 << 10)
}

/** Rows, each its filter (0: none) and then one byte a channel, as a PNG file (ISO 15948); compressed on another thread. */
export async function encodePng(
  width: number,
  height: number,
  kind: keyof typeof KINDS,
  rows: Uint8Array,
): Promise<Uint8Array> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Eight bits a channel; compression, filter and interlace know no other way.
  header.set([8, KINDS[kind], 0, 0, 0], 8)
  const data = await promisify(deflate)(rows, { level: LEVEL, chunkSize: oneChunk(rows.length) })
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const made = Buffer.alloc(data.length + 12)
  made.writeUInt32BE(data.length, 0)
  made.write(type, 4, 'latin1')
  made.set(data, 8)
  made.writeUInt32BE(crc32(made.subarray(4, data.length + 8)), data.length + 8)
  return made
}
