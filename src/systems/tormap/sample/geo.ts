/** Places and networks of the sample's addresses, which no database can know: they are set aside for examples. */
import { type AsnLookup, type Geo, NOWHERE } from '../geo/geo.ts'
import type { GeoSource } from '../types.ts'
import { type SampleRelay, inventRelays } from './relays.ts'

const SOURCE: GeoSource = {
  name: 'SAMPLE',
  built: null,
  licence: 'invented, free to use',
  attribution: 'Places of the SAMPLE are invented.',
  warning: null,
}

/** Where the sample's relays stand. */
export function sampleGeo(): Geo {
  const relays = byAddress()
  return { source: SOURCE, lookup: (address) => relays.get(address)?.place ?? NOWHERE }
}

/** Whose networks the sample's relays are in. */
export function sampleAsn(): AsnLookup {
  const relays = byAddress()
  return { source: SOURCE, lookup: (address) => relays.get(address)?.as ?? null }
}

function byAddress(): ReadonlyMap<string, SampleRelay> {
  return new Map(inventRelays().map((relay) => [relay.address, relay]))
}
