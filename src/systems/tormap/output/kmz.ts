import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { Zip } from 'fflate'
import type { RelayMap } from '../types.ts'
import { iconFile, icons } from './icons.ts'
import { oneChunk } from './png-file.ts'
import { kmlDocument, kmlFolders, type KmlFolder } from './kml.ts'

/** Of zlib: the text repeats itself so much that more effort saves little. */
const LEVEL = 3
/** Methods of zip entries: as it is, and raw deflate. APPNOTE 4.4.5 */
const [STORED, DEFLATED] = [0, 8]
/** Zip can say no other times, ms since 1970. */
const TIMES = { first: Date.UTC(1981, 0), last: Date.UTC(2098, 0) } as const

/** The KML of all classes with its icons in one compressed file; programs tint the white icons. */
export async function kmz(map: RelayMap, folders: readonly KmlFolder[] = kmlFolders(map)): Promise<Uint8Array> {
  const at = Math.min(TIMES.last, Math.max(TIMES.first, map.consensus.validAfter))
  const pieces = kmlDocument(map, folders, iconFile)
  const parts = await Promise.all(pieces.map((piece, i) => packed(piece, i === pieces.length - 1)))
  return archive([
    { ...about('doc.kml', pieces, at), compression: DEFLATED, parts },
    // Pictures are packed already.
    ...icons().map(({ file, png }) => ({ ...about(file, [png], at), compression: STORED, parts: [png] })),
  ])
}

interface Entry {
  readonly filename: string
  readonly size: number
  readonly crc: number
  readonly mtime: number
  readonly compression: number
  /** Of what is in the archive, one after the other. */
  readonly parts: readonly Uint8Array[]
}

function about(filename: string, pieces: readonly Uint8Array[], mtime: number): Omit<Entry, 'compression' | 'parts'> {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  // Of no bytes at all zlib takes no checksum, but begins anew.
  const crc = pieces.reduce((value, piece) => (piece.length === 0 ? value : crc32(piece, value)), 0)
  return { filename, size, crc, mtime }
}

/** A part of a deflated document: each ends at a whole byte, and only the last one says that it is the last. */
function packed(piece: Uint8Array, isLast: boolean): Promise<Buffer> {
  const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH
  return promisify(deflateRaw)(piece, { level: LEVEL, chunkSize: oneChunk(piece.length), finishFlush })
}

function archive(entries: readonly Entry[]): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const written: Uint8Array[] = []
    const zip = new Zip((error, part, final) => {
      if (error) return reject(error)
      written.push(part)
      if (final) resolve(Buffer.concat(written))
    })
    for (const { parts, ...file } of entries) {
      const input: Parameters<Zip['add']>[0] = file
      zip.add(input)
      for (const [i, part] of parts.entries()) input.ondata?.(null, new Uint8Array(part), i === parts.length - 1)
    }
    zip.end()
  })
}
