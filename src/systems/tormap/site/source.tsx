import { visible } from '../../../console/format.ts'
import { isElsewhere, matchRows, parseQuery, type Term } from '../page-query.ts'
import { fingerprintOf } from '../map/rows.ts'
import type { ExportLink, MapSource } from '../page-source.ts'
import type { CountsWire, HoursWire, MapWire, NamesWire, RelayWire } from '../wire.ts'
import { type RelayTable, TABLES, tableOf, unpackRelay, unpackRelays } from '../map/relay-table.ts'
import { loadScript } from './scripts.tsx'

function relayFile(at: number, digit: string): Promise<RelayTable> {
  return loadScript(`data/${at}/relays-${digit}.js`)
}

async function allRelays(at: number, names: NamesWire): Promise<readonly RelayWire[]> {
  const digits = Array.from({ length: TABLES }, (_, digit) => digit.toString(16))
  const tables = await Promise.all(digits.map((digit) => relayFile(at, digit)))
  return tables.flatMap((table) => unpackRelays(table, names))
}

function fits(relay: RelayWire, { key, values, not }: Term): boolean {
  const said = key === 'contact' ? relay.contact : key === 'version' ? relay.version : relay.addresses.join(' ')
  return values.some((value) => said?.toLowerCase().includes(value) ?? false) !== not
}

async function findSaid(terms: readonly Term[], at: number): Promise<readonly string[]> {
  const [map, names] = await Promise.all([fileSource.map(at), fileSource.names(at)])
  const relays = await allRelays(at, names)
  const rows = new Set(matchRows(map, names, terms).map((row) => fingerprintOf(names, row)))
  const said = terms.filter(isElsewhere)
  return relays
    .filter((relay) => rows.has(relay.fingerprint) && said.every((term) => fits(relay, term)))
    .map((relay) => relay.fingerprint)
}

/** What the build wrote beside the page. */
const EXPORTS: readonly ExportLink[] = [
  { label: 'KMZ', href: 'tormap.kmz' },
  { label: 'GeoJSON', href: 'tormap.geojson' },
  { label: 'CSV', href: 'tormap.csv' },
  { label: 'SVG', href: 'tormap.svg' },
  { label: 'PNG', href: 'tormap.png' },
]

/** The documents of a static site: data files beside the page. */
export const fileSource: MapSource = {
  hours: () => loadScript<HoursWire>('data/hours.js'),
  map: (at) => loadScript<MapWire>(`data/${at}/map.js`),
  names: (at) => loadScript<NamesWire>(`data/${at}/names.js`),
  relay: async (fingerprint, at) => {
    const [names, table] = await Promise.all([fileSource.names(at), relayFile(at, tableOf(fingerprint))])
    const relay = unpackRelay(table, names, fingerprint)
    if (!relay) throw new Error(`This site knows no relay ${visible(fingerprint)}.`)
    return relay
  },
  counts: () => loadScript<CountsWire>('data/counts.js'),
  find: (query, at) => {
    const terms = parseQuery(query)
    return terms.some(isElsewhere) ? findSaid(terms, at) : null
  },
  exports: () => EXPORTS,
}
