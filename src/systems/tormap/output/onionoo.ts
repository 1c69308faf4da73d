import type { MapRelay, RelayMap } from '../types.ts'
import { bareVersion } from '../version.ts'
import { encode } from './encode.ts'
import { stamp, verifiedSentence } from './sentences.ts'

/** The version of Onionoo's protocol whose details documents these are. */
const PROTOCOL = '8.0'

/** The map as a details document of Onionoo, for programs that read those; what is not known is left out. */
export function onionoo(map: RelayMap): Uint8Array {
  return encode(lines(map))
}

function* lines(map: RelayMap): Generator<string> {
  const at = timeOf(map.consensus.validAfter)
  const head = {
    version: PROTOCOL,
    relays_published: at,
    bridges_published: at,
    bridges: [],
    // Not of the protocol, which has no word for it.
    stamp: stamp(map),
    verified: verifiedSentence(map),
  }
  const weights = map.relays.reduce((sum, { entry }) => sum + entry.weight, 0)
  yield `${JSON.stringify(head).slice(0, -1)},"relays":[`
  let before = '\n'
  for (const relay of map.relays) {
    yield before + JSON.stringify(details(relay, map.consensus, weights))
    before = ',\n'
  }
  yield '\n]}\n'
}

/** Fields of a relay as the protocol names them; undefined ones are left out by JSON. */
function details(
  relay: MapRelay,
  { validAfter, serverVersions: recommended }: RelayMap['consensus'],
  weights: number,
): Readonly<Record<string, unknown>> {
  const { entry, descriptor, microdescriptor, place, as, family } = relay
  const version = entry.version === null ? undefined : bareVersion(entry.version)
  const isKnown = version !== undefined && recommended.length > 0
  return {
    nickname: entry.nickname,
    fingerprint: entry.fingerprint,
    or_addresses: [`${entry.address}:${entry.orPort}`, ...entry.otherAddresses],
    dir_address: entry.dirPort === 0 ? undefined : `${entry.address}:${entry.dirPort}`,
    last_seen: timeOf(validAfter),
    running: true,
    hibernating: descriptor?.hibernating,
    flags: entry.flags,
    country: place.country?.toLowerCase(),
    city_name: place.city ?? undefined,
    latitude: place.latitude ?? undefined,
    longitude: place.longitude ?? undefined,
    as: as === null ? undefined : `AS${as.number}`,
    as_name: as?.name,
    consensus_weight: entry.weight,
    consensus_weight_fraction: weights === 0 ? 0 : entry.weight / weights,
    measured: !entry.unmeasured,
    last_restarted: startOf(relay),
    ...bandwidth(relay),
    exit_policy: descriptor?.exitPolicy,
    exit_policy_summary: summary(entry.exitPolicy ?? microdescriptor?.exitPolicy),
    exit_policy_v6_summary: summary(descriptor?.exitPolicy6 ?? microdescriptor?.exitPolicy6),
    contact: descriptor?.contact ?? undefined,
    platform: descriptor?.platform ?? undefined,
    version,
    recommended_version: isKnown ? recommended.includes(version) : undefined,
    effective_family: family.length === 0 ? undefined : [entry.fingerprint, ...family],
    overload_general_timestamp: descriptor?.overloaded ?? undefined,
  }
}

/** `2022-11-19 10:00:00`, UTC. */
function timeOf(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

function startOf({ descriptor }: MapRelay): string | undefined {
  if (descriptor === null || descriptor.uptime === null) return undefined
  return timeOf(descriptor.published - descriptor.uptime * 1000)
}

function bandwidth({ descriptor, observed }: MapRelay): Readonly<Record<string, number>> {
  if (observed === null) return {}
  if (descriptor === null) return { observed_bandwidth: observed }
  const { average, burst } = descriptor.bandwidth
  return {
    bandwidth_rate: average,
    bandwidth_burst: burst,
    observed_bandwidth: observed,
    advertised_bandwidth: Math.min(average, burst, observed),
  }
}

/** `accept 80,443` as `{ "accept": ["80", "443"] }`. */
function summary(policy: string | null | undefined): Readonly<Record<string, readonly string[]>> | undefined {
  const [word, ports] = policy?.split(' ') ?? []
  return word === undefined || ports === undefined ? undefined : { [word]: ports.split(',') }
}
