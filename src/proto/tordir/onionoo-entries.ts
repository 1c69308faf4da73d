/** Makes of Onionoo's relays what the map is made of otherwise: entries of a consensus and descriptors. */
import { type OnionooDetails, type OnionooRelay, hostAndPort } from './onionoo.ts'
import type { RelayEntry, ServerDescriptor } from './types.ts'

/** A relay as if it came from a consensus. Nothing of it was signed. */
export interface OnionooEntry {
  /** Its `digest` is the fingerprint, as in `descriptor`: Onionoo does not say the real one. */
  readonly entry: RelayEntry
  /** Says nothing that Onionoo does not; all bandwidths are 0 when `observed` is null. */
  readonly descriptor: ServerDescriptor
  /** Bytes a second; null when Onionoo knows no descriptor. */
  readonly observed: number | null
  /** Where Onionoo believes it to be: a city; only a country, with a point in it; or nothing. */
  readonly place: OnionooPlace
  readonly as: { readonly number: number; readonly name: string } | null
}

export interface OnionooPlace {
  readonly kind: 'city' | 'country' | 'none'
  readonly country: string | null
  readonly city: string | null
  readonly longitude: number | null
  readonly latitude: number | null
  /** Onionoo tells no accuracy radius. */
  readonly radius: null
}

/** The running relays, sorted by fingerprint; of one that is there twice the first. */
export function toEntries(details: OnionooDetails): readonly OnionooEntry[] {
  const unique = new Map<string, OnionooRelay>()
  for (const relay of details.relays) {
    if (relay.running && !unique.has(relay.fingerprint)) unique.set(relay.fingerprint, relay)
  }
  const sorted = [...unique.values()].toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
  return sorted.map((relay) => ({
    entry: entryOf(relay),
    descriptor: descriptorOf(relay, details.relaysPublished),
    observed: relay.bandwidth?.observed ?? null,
    place: placeOf(relay),
    as: relay.asNumber === null ? null : { number: relay.asNumber, name: relay.asName ?? '' },
  }))
}

function entryOf(relay: OnionooRelay): RelayEntry {
  const [own = '', ...otherAddresses] = relay.orAddresses
  const { host, port } = hostAndPort(own) ?? { host: '', port: 0 }
  return {
    nickname: relay.nickname,
    fingerprint: relay.fingerprint,
    digest: relay.fingerprint,
    published: null,
    address: host,
    orPort: port,
    dirPort: hostAndPort(relay.dirAddress ?? '')?.port ?? 0,
    otherAddresses,
    flags: relay.flags,
    version: relay.version === null ? null : `Tor ${relay.version}`,
    weight: relay.consensusWeight,
    unmeasured: relay.measured === false,
    exitPolicy: relay.exitPolicySummary,
    protocols: null,
  }
}

function descriptorOf(relay: OnionooRelay, at: number): ServerDescriptor {
  const { nickname, fingerprint, digest, address, orPort, dirPort, otherAddresses } = entryOf(relay)
  return {
    nickname,
    fingerprint,
    digest,
    address,
    orPort,
    dirPort,
    otherAddresses,
    platform: relay.platform,
    published: at,
    uptime: relay.lastRestarted === null ? null : Math.max(0, (at - relay.lastRestarted) / 1000),
    bandwidth: relay.bandwidth ?? { average: 0, burst: 0, observed: 0 },
    contact: relay.contact,
    family: relay.family,
    familyIds: [],
    exitPolicy: relay.exitPolicy,
    exitPolicy6: relay.exitPolicy6Summary,
    hibernating: relay.hibernating,
    ed25519: null,
    extraInfoDigest: null,
    protocols: null,
    overloaded: relay.overloaded,
  }
}

function placeOf(relay: OnionooRelay): OnionooPlace {
  const { country, city, longitude, latitude } = relay
  // 0,0 is what databases say that know nothing; nobody runs a relay in the Gulf of Guinea.
  if (longitude === null || latitude === null || (longitude === 0 && latitude === 0)) {
    return { kind: 'none', country, city: null, longitude: null, latitude: null, radius: null }
  }
  return { kind: city === null ? 'country' : 'city', country, city, longitude, latitude, radius: null }
}
