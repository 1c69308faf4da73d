/** The files of a static site: the page's data as scripts that work from a folder too, and the map in every format. */
import { ORIGINAL_CLASSES, type MapRelay, type OriginalClass, type RelayMap } from '../types.ts'
import { mapWire, namesWire } from '../wire-map.ts'
import type { CountsWire, HoursWire } from '../wire.ts'
import { csvRows } from './csv.ts'
import { FORMATS } from './formats.ts'
import { geojsonLines } from './geojson.ts'
import { kmlDocument, kmlFolders } from './kml.ts'
import { kmz } from './kmz.ts'
import { png } from './png.ts'
import { relayTables } from './relay-tables.ts'
import { svg } from './svg.ts'

export interface SiteFile {
  /** From the site's folder on. */
  readonly path: string
  /** Texts and bytes, one after the other. */
  readonly pieces: Iterable<string | Uint8Array>
}

/** All files but the page itself, for these hours, oldest first; the other formats show the last one. */
export async function* siteFiles(maps: readonly RelayMap[]): AsyncGenerator<SiteFile> {
  const newest = maps.at(-1)
  if (newest === undefined) return
  const folders = kmlFolders(newest)
  // Both are compressed on other threads while the rest is made.
  const compressed = Promise.all([kmz(newest, folders), png(newest)])
  // Nobody waits for it yet; what goes wrong is told below.
  compressed.catch(() => undefined)
  for (const name of ORIGINAL_CLASSES) {
    const own = folders.filter((folder) => folder.name === name)
    yield { path: `tormap-${dashed(name)}.kml`, pieces: kmlDocument(newest, own) }
  }
  yield { path: FORMATS.geojson.file, pieces: geojsonLines(newest) }
  yield { path: FORMATS.csv.file, pieces: csvRows(newest) }
  yield { path: FORMATS.svg.file, pieces: [svg(newest)] }
  const hours: HoursWire = { hours: maps.map(({ consensus }) => consensus.validAfter) }
  yield { path: 'data/hours.js', pieces: script('hours', hours) }
  yield { path: 'data/counts.js', pieces: script('counts', countsOf(maps)) }
  for (const map of maps) yield* hourFiles(map)
  const [archive, picture] = await compressed
  yield { path: FORMATS.kmz.file, pieces: [archive] }
  yield { path: FORMATS.png.file, pieces: [picture] }
}

function* hourFiles(map: RelayMap): Generator<SiteFile> {
  const folder = `data/${map.consensus.validAfter}`
  yield { path: `${folder}/map.js`, pieces: script('map', mapWire(map)) }
  yield { path: `${folder}/names.js`, pieces: script('names', namesWire(map)) }
  for (const [digit, table] of relayTables(map))
    yield { path: `${folder}/relays-${digit}.js`, pieces: script('relays', table) }
}

/** JSON is JavaScript (ES2019): a script that hands it over is read where a page may not fetch. */
function script(name: string, document: unknown): readonly string[] {
  return [`tormapData.${name}(`, JSON.stringify(document), ')\n']
}

/** `exitFast` is `exit-fast` in names of files. */
function dashed(name: OriginalClass): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Relays and bandwidth of each class over the hours. */
export function countsOf(maps: readonly RelayMap[]): CountsWire {
  const perClass = (of: (relays: readonly MapRelay[]) => number | null): CountsWire['relays'] =>
    Object.fromEntries(
      ORIGINAL_CLASSES.map((name) => [
        name,
        maps.map(({ relays }) => of(relays.filter(({ original }) => original === name))),
      ]),
    ) as Record<OriginalClass, (number | null)[]>
  return {
    at: maps.map(({ consensus }) => consensus.validAfter),
    relays: perClass((relays) => relays.length),
    bandwidth: perClass(observedSum),
  }
}

/** Null when of no relay is known what it has seen: that is not the same as nothing. */
function observedSum(relays: readonly MapRelay[]): number | null {
  const known = relays.flatMap(({ observed }) => observed ?? [])
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}
