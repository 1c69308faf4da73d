/** Families and autonomous systems that have much of the network. Pure. */
import { plain } from '#core/plain.ts'
import { count, percent } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { familyGroups } from './families.ts'
import type { MapRelay, RelayMap } from './types.ts'

/** A family or an autonomous system, and its part of the network. */
export interface Share {
  readonly key: string
  readonly name: string
  /** What `noc tormap find` takes. */
  readonly query: string
  readonly relays: number
  /** Of the consensus weight, 0 to 1. */
  readonly share: number
}

/** Those whose part is at least `limit`; `before` tells in the evidence what it was. */
export function shareFindings(
  sharesOf: (map: RelayMap) => readonly Share[],
  before: RelayMap | null,
  now: RelayMap,
  limit: number,
): Verdict[] {
  const large = sharesOf(now).filter(({ share }) => share >= limit)
  if (large.length === 0) return []
  const earlier = new Map((before === null ? [] : sharesOf(before)).map((share) => [share.key, share.share]))
  return large.map(({ key, name, query, relays, share }) => {
    const was = earlier.get(key)
    const compared = was === undefined ? '' : `; at the map before, ${percent(was)}`
    return {
      key,
      severity: 'warning',
      summary: `${name} has ${percent(share)} of the consensus weight.`,
      evidence: `${count(relays)} relays; the limit is ${percent(limit)}${compared}.`,
      fix: 'Who has much of the weight sees much of the traffic: look who it is, or raise the limit in [tormap].',
      commands: [`noc tormap find ${query}`],
    }
  })
}

/** Families, each under its first fingerprint: weights change every hour, and a finding must keep its key. */
export function familyShares(map: RelayMap): readonly Share[] {
  const total = totalWeight(map)
  return familyGroups(map.relays).flatMap((group): Share[] => {
    const heaviest = group.reduce((a, b) => (b.entry.weight > a.entry.weight ? b : a), group[0] as MapRelay)
    const fingerprint = group.reduce((least, { entry }) => (entry.fingerprint < least ? entry.fingerprint : least), '~')
    return [
      {
        key: `family:${fingerprint}`,
        name: `The family of ${plain(heaviest.entry.nickname)}`,
        query: `family:${fingerprint}`,
        relays: group.length,
        share: weightShare(group, total),
      },
    ]
  })
}

/** Autonomous systems, as far as they are known. */
export function systemShares(map: RelayMap): readonly Share[] {
  const total = totalWeight(map)
  const groups = new Map<number, MapRelay[]>()
  for (const relay of map.relays) {
    if (relay.as === null) continue
    const group = groups.get(relay.as.number)
    if (group === undefined) groups.set(relay.as.number, [relay])
    else group.push(relay)
  }
  return [...groups].map(([number, group]) => ({
    key: `as:${number}`,
    name: `AS${number} (${plain(group[0]?.as?.name ?? '')})`,
    query: `as:${number}`,
    relays: group.length,
    share: weightShare(group, total),
  }))
}

/** Consensus weight of all relays. */
export function totalWeight({ relays }: RelayMap): number {
  return relays.reduce((sum, relay) => sum + relay.entry.weight, 0)
}

/** Part of `total` that these relays have, 0 to 1. */
export function weightShare(relays: readonly MapRelay[], total: number): number {
  return total === 0 ? 0 : relays.reduce((sum, relay) => sum + relay.entry.weight, 0) / total
}
