/** Which relays are run by the same people, as far as both sides say so. Pure. */
import type { RelayEntry } from '#proto/tordir/types.ts'
import type { MapRelay } from './types.ts'

/** The parts of a relay's documents that tell its family. */
export interface FamilyWords {
  readonly family: readonly string[]
  readonly familyIds: readonly string[]
}

/** Most relays that are listed for one; more than any family has, and it keeps the lists of all from growing squared. */
const MAX_FAMILY = 1000

const FINGERPRINT = /^\$?([0-9A-F]{40})(?:[=~].*)?$/i

/**
 * For every relay, the relays that it names as family and that name it, or that have a family id in common with it:
 * sorted fingerprints, without itself. Nicknames don't count: everybody can have any.
 */
export function families(
  entries: readonly RelayEntry[],
  documents: readonly { readonly descriptor: FamilyWords | null; readonly microdescriptor: FamilyWords | null }[],
): (fingerprint: string) => readonly string[] {
  const named = new Map<string, ReadonlySet<string>>()
  const members = new Map<string, string[]>()
  const idsOf = new Map<string, readonly string[]>()
  for (const [index, { fingerprint }] of entries.entries()) {
    const words = documents[index]?.descriptor ?? documents[index]?.microdescriptor
    if (words === null || words === undefined) continue
    if (words.family.length > 0) named.set(fingerprint, fingerprints(words.family))
    if (words.familyIds.length > 0) idsOf.set(fingerprint, words.familyIds)
    for (const id of words.familyIds) {
      const list = members.get(id)
      if (list === undefined) members.set(id, [fingerprint])
      else if (list.length <= MAX_FAMILY) list.push(fingerprint)
    }
  }
  return (fingerprint) => {
    const mutual = [...(named.get(fingerprint) ?? [])].filter((other) => named.get(other)?.has(fingerprint) === true)
    const ids = idsOf.get(fingerprint)
    if (ids === undefined && mutual.length === 0) return NOBODY
    const all = new Set([...mutual, ...(ids ?? []).flatMap((id) => members.get(id) ?? [])])
    all.delete(fingerprint)
    return [...all].toSorted().slice(0, MAX_FAMILY)
  }
}

const NOBODY: readonly string[] = []

/** The relays of a map in groups, each with the families of all that are in it; relays without family are left out. */
export function familyGroups(relays: readonly MapRelay[]): readonly (readonly MapRelay[])[] {
  const byFingerprint = new Map(relays.map((relay) => [relay.entry.fingerprint, relay]))
  const seen = new Set<MapRelay>()
  const groups: MapRelay[][] = []
  for (const first of relays) {
    if (first.family.length === 0 || seen.has(first)) continue
    const group: MapRelay[] = []
    const waiting = [first]
    seen.add(first)
    for (let relay = waiting.pop(); relay !== undefined; relay = waiting.pop()) {
      group.push(relay)
      for (const fingerprint of relay.family) {
        const other = byFingerprint.get(fingerprint)
        if (other === undefined || seen.has(other)) continue
        seen.add(other)
        waiting.push(other)
      }
    }
    groups.push(group)
  }
  return groups
}

function fingerprints(names: readonly string[]): ReadonlySet<string> {
  const found = names.map((name) => FINGERPRINT.exec(name)?.[1]?.toUpperCase())
  return new Set(found.filter((name) => name !== undefined))
}
