/** A map from Onionoo's JSON: nobody signed it, so it says UNVERIFIED wherever it is shown. Pure. */
import { parseOnionoo } from '#proto/tordir/onionoo.ts'
import { toEntries } from '#proto/tordir/onionoo-entries.ts'
import type { Consensus } from '#proto/tordir/types.ts'
import { unverified } from '#proto/tordir/verify.ts'
import { type MapParts, assemble } from './assemble.ts'
import { type Geo, NOWHERE } from './geo/geo.ts'
import type { RelayMap } from './types.ts'

const HOUR_MS = 3_600_000
/** Why no signature was checked. */
export const NOBODY_SIGNED = 'Onionoo signs nothing: these relays are what its server says.'

/** Relays where Onionoo believes them to be; `geo` is asked for those of which it does not know the place. */
export function onionooMap(bytes: Uint8Array, parts: Pick<MapParts, 'geo' | 'asn' | 'firstSeen'>): RelayMap {
  const details = parseOnionoo(Buffer.from(bytes).toString('utf8'))
  const relays = toEntries(details)
  const told = new Map(relays.map((relay) => [relay.entry.fingerprint, relay]))
  const geo: Geo = {
    source: {
      name: 'Onionoo',
      built: details.relaysPublished,
      licence: 'as the Tor Project publishes it',
      attribution: 'Places as Onionoo tells them',
      warning: null,
    },
    lookup: (address) => parts.geo?.lookup(address) ?? NOWHERE,
  }
  return assemble({
    ...parts,
    consensus: consensusOf(
      details.relaysPublished,
      relays.map(({ entry }) => entry),
    ),
    verification: unverified(NOBODY_SIGNED),
    descriptors: relays.filter(({ observed }) => observed !== null).map(({ descriptor }) => descriptor),
    geo,
    told: (fingerprint) => {
      const relay = told.get(fingerprint)
      if (relay === undefined) return undefined
      const { observed, place, as } = relay
      return { observed, ...(place.kind === 'none' ? {} : { place }), ...(as === null ? {} : { as }) }
    },
  })
}

/** What a consensus of these relays would say, as far as Onionoo tells. */
function consensusOf(validAfter: number, relays: Consensus['relays']): Consensus {
  return {
    flavour: 'ns',
    method: 0,
    validAfter,
    freshUntil: validAfter + HOUR_MS,
    validUntil: validAfter + 3 * HOUR_MS,
    clientVersions: [],
    serverVersions: [],
    knownFlags: [...new Set(relays.flatMap(({ flags }) => flags))].toSorted(),
    params: {},
    voters: [],
    relays,
    bandwidthWeights: {},
    signatures: [],
    signed: { start: 0, end: 0 },
  }
}
