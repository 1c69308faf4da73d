import type { FeatureCollection } from 'geojson'
import type { AutonomousSystem, MapRelay, Place, RelayMap } from '../types.ts'
import { encode } from './encode.ts'
import { once } from './once.ts'
import { fourDecimals, geoSentence, isoTime, stamp, title, verifiedSentence } from './sentences.ts'

/** GeoJSON (RFC 7946): a feature a relay; those without a place have no geometry (section 3.2). */
export function geojson(map: RelayMap): Uint8Array {
  return encode(geojsonLines(map))
}

/** The same line by line, a line a relay: such a file can be looked at and compared. */
export function* geojsonLines(map: RelayMap): Generator<string> {
  const { state, good, needed, authorities, why } = map.verification
  const collection: Omit<FeatureCollection, 'features'> & Readonly<Record<string, unknown>> = {
    type: 'FeatureCollection',
    // Members of our own (section 6.1): what the relays are to be believed.
    name: title(map),
    stamp: stamp(map),
    validAfter: isoTime(map.consensus.validAfter),
    verified: { state, good, needed, authorities, why, sentence: verifiedSentence(map) },
    geo: map.geo,
    attribution: geoSentence(map),
  }
  yield `${JSON.stringify(collection).slice(0, -1)},"features":[`
  const feature = featureMaker()
  let before = '\n'
  for (const relay of map.relays) {
    yield before + feature(relay)
    before = ',\n'
  }
  yield '\n]}\n'
}

/** Makes features, as JSON. The parts that relays have in common are made once. */
function featureMaker(): (relay: MapRelay) => string {
  const json = (value: unknown): string => JSON.stringify(value ?? null)
  const shared = once(json)
  const policy = ({ entry, microdescriptor }: MapRelay): string =>
    shared(entry.exitPolicy ?? microdescriptor?.exitPolicy)
  const where = once(({ kind, country, city, radius }: Place) =>
    JSON.stringify({ placeKind: kind, country, city, radius }).slice(1, -1),
  )
  const network = once((as: AutonomousSystem | null) =>
    JSON.stringify({ asNumber: as?.number ?? null, asName: as?.name ?? null }).slice(1, -1),
  )
  return (relay) => {
    const { entry, descriptor } = relay
    const addresses = json([`${entry.address}:${entry.orPort}`, ...entry.otherAddresses])
    return (
      `{"type":"Feature","id":"${entry.fingerprint}","geometry":${geometry(relay)},"properties":{` +
      `"nickname":${json(entry.nickname)},"fingerprint":"${entry.fingerprint}","class":"${relay.original}",` +
      `"modernClasses":${shared(relay.modern)},"addresses":${addresses},"dirPort":${entry.dirPort},` +
      `"flags":${shared(entry.flags)},"weight":${entry.weight},"unmeasured":${entry.unmeasured},` +
      `"observed":${relay.observed},"version":${shared(entry.version)},"platform":${shared(descriptor?.platform)},` +
      `"contact":${descriptor === null ? 'null' : json(descriptor.contact)},"exitPolicy":${policy(relay)},` +
      `${where(relay.place)},${network(relay.as)},"family":${relay.family.length === 0 ? '[]' : json(relay.family)}}}`
    )
  }
}

/** Section 11.2: no more digits than are known; four are ten metres. */
function geometry({ longitude, latitude }: MapRelay): string {
  if (longitude === null || latitude === null) return 'null'
  return `{"type":"Point","coordinates":[${fourDecimals(longitude)},${fourDecimals(latitude)}]}`
}
