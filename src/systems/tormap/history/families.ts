/** Families of relays as groups: when one of 300 is down for an hour, the other 299 have not changed. Pure. */
import type { MapRelay } from '../types.ts'
import { type Groups, NOTHING } from './fields.ts'

/**
 * Gives a number to each family of which every member says the same. `before` tells the number that a relay had:
 * families keep theirs. Relays of families that don't agree (somebody forgot to name somebody) are in no group.
 */
export function groupFamilies(relays: readonly MapRelay[], before: (row: number) => number): Groups {
  const rows = new Map(relays.map(({ entry }, row) => [entry.fingerprint, row]))
  const groups = new Map<MapRelay, number>()
  const taken = new Set<number>()
  let fresh = relays.reduce((most, _, row) => Math.max(most, before(row)), NOTHING) + 1
  for (const relay of relays) {
    if (relay.family.length === 0 || groups.has(relay)) continue
    const members = agreeing(relay, relays, rows)
    if (members === null) continue
    const kept = members.map(before).find((group) => group !== NOTHING && !taken.has(group))
    const group = kept ?? fresh++
    taken.add(group)
    for (const row of members) groups.set(relays[row] as MapRelay, group)
  }
  return groups
}

/** The rows of a family, in order; null when not all of it say the same, or not in the order of the relays. */
function agreeing(
  relay: MapRelay,
  relays: readonly MapRelay[],
  rows: ReadonlyMap<string, number>,
): readonly number[] | null {
  const members: number[] = []
  for (const fingerprint of [relay.entry.fingerprint, ...relay.family]) {
    const row = rows.get(fingerprint)
    if (row === undefined) return null
    members.push(row)
  }
  members.sort((a, b) => a - b)
  const names = members.map((row) => relays[row]?.entry.fingerprint)
  const agrees = ({ family }: MapRelay, own: number): boolean =>
    family.length === names.length - 1 && family.every((name, at) => name === names[at < own ? at : at + 1])
  return members.every((row, own) => agrees(relays[row] as MapRelay, own)) ? members : null
}
