/** The files of a static site: the page's data as scripts that work from a folder too, and the map in every format. */
import { type ClassCount, countClasses, countsWire } from '../history/counts.ts'
import { ORIGINAL_CLASSES, type OriginalClass, type RelayMap } from '../types.ts'
import { mapWire, namesWire } from '../wire-map.ts'
import type { HoursWire } from '../wire.ts'
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

/**
 * All files but the page itself, for these hours in any order, the newest first; the other formats show that one. Of
 * the others only one at a time is in memory.
 */
export async function* siteFiles(maps: Iterable<RelayMap> | AsyncIterable<RelayMap>): AsyncGenerator<SiteFile> {
  const counted: (readonly [at: number, count: ClassCount])[] = []
  for await (const map of maps) {
    yield* counted.length === 0 ? newestFiles(map) : hourFiles(map)
    counted.push([map.consensus.validAfter, countClasses(map)])
  }
  counted.sort(([a], [b]) => a - b)
  const hours: HoursWire = { hours: counted.map(([at]) => at) }
  yield { path: 'data/hours.js', pieces: script('hours', hours) }
  yield { path: 'data/counts.js', pieces: script('counts', countsWire(counted)) }
}

async function* newestFiles(map: RelayMap): AsyncGenerator<SiteFile> {
  const folders = kmlFolders(map)
  // Both are compressed on other threads while the rest is made.
  const compressed = Promise.all([kmz(map, folders), png(map)])
  // Nobody waits for it yet; what goes wrong is told below.
  compressed.catch(() => undefined)
  for (const name of ORIGINAL_CLASSES) {
    const own = folders.filter((folder) => folder.name === name)
    yield { path: `tormap-${dashed(name)}.kml`, pieces: kmlDocument(map, own) }
  }
  yield { path: FORMATS.geojson.file, pieces: geojsonLines(map) }
  yield { path: FORMATS.csv.file, pieces: csvRows(map) }
  yield { path: FORMATS.svg.file, pieces: [svg(map)] }
  yield* hourFiles(map)
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
