import { arrayBuffer } from 'node:stream/consumers'
import { crc32, createDeflateRaw } from 'node:zlib'
import { Zip } from 'fflate'
import type { RelayMap } from '../types.ts'
import { iconFile, icons } from './icons.ts'
import { kmlDocument, kmlFolders, type KmlFolder } from './kml.ts'

/** Of zlib: the text repeats itself so much that more effort saves little. */
const LEVEL = 3
/** Taken from zlib at a time, bytes; with its small default this thread has to ask it all the time. */
const CHUNK = 1 << 18
/** Method of a zip entry: raw deflate. APPNOTE 4.4.5 */
const DEFLATED = 8
/** Zip can say no other times, ms since 1970. */
const TIMES = { first: Date.UTC(1981, 0), last: Date.UTC(2098, 0) } as const

/** The KML of all classes with its icons in one compressed file; programs tint the white icons. */
export async function kmz(map: RelayMap, folders: readonly KmlFolder[] = kmlFolders(map)): Promise<Uint8Array> {
  const at = Math.min(TIMES.last, Math.max(TIMES.first, map.consensus.validAfter))
  const document = entry('doc.kml', kmlDocument(map, folders, iconFile), at)
  return archive(await Promise.all([document, ...icons().map(({ file, png }) => entry(file, [png], at))]))
}

interface Entry {
  readonly filename: string
  readonly size: number
  readonly crc: number
  readonly mtime: number
  readonly deflated: Uint8Array<ArrayBuffer>
}

/** Node's own deflate, on another thread, is several times faster than one in JavaScript. */
async function entry(filename: string, pieces: readonly Uint8Array[], mtime: number): Promise<Entry> {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const crc = pieces.reduce((value, piece) => crc32(piece, value), 0)
  const deflate = createDeflateRaw({ level: LEVEL, chunkSize: CHUNK })
  for (const piece of pieces) deflate.write(piece)
  deflate.end()
  return { filename, size, crc, mtime, deflated: new Uint8Array(await arrayBuffer(deflate)) }
}

function archive(entries: readonly Entry[]): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    const zip = new Zip((error, part, final) => {
      if (error) return reject(error)
      parts.push(part)
      if (final) resolve(Buffer.concat(parts))
    })
    for (const { deflated, ...about } of entries) {
      const file: Parameters<Zip['add']>[0] = { ...about, compression: DEFLATED }
      zip.add(file)
      file.ondata?.(null, deflated, true)
    }
    zip.end()
  })
}
