/** What changed between two maps. Plain data, fit for JSON. Pure. */
import type { MapRelay, OriginalClass, RelayMap } from './types.ts'
import { bareVersion } from './version.ts'

/** A relay, as far as a list of changes needs it. */
export interface ChangedRelay {
  readonly fingerprint: string
  readonly nickname: string
  readonly address: string
  readonly country: string | null
  readonly original: OriginalClass
  readonly weight: number
}

/** Everything in lists that are sorted by fingerprint. Times are ms since 1970. */
export interface Difference {
  readonly from: number
  readonly to: number
  readonly relays: { readonly before: number; readonly after: number }
  readonly appeared: readonly ChangedRelay[]
  readonly gone: readonly ChangedRelay[]
  readonly flags: readonly {
    readonly relay: ChangedRelay
    readonly gained: readonly string[]
    readonly lost: readonly string[]
  }[]
  /** Fingerprints that joined and left each relay's family; null when one of the maps knows no families. */
  readonly families:
    | readonly { readonly relay: ChangedRelay; readonly joined: readonly string[]; readonly left: readonly string[] }[]
    | null
  readonly versions: readonly {
    readonly relay: ChangedRelay
    readonly from: string | null
    readonly to: string | null
  }[]
  /** Bad exits that were none before, new relays among them. */
  readonly badExits: readonly ChangedRelay[]
}

/** From `a` to `b`; relays are the same by fingerprint. */
export function difference(a: RelayMap, b: RelayMap): Difference {
  const before = new Map(a.relays.map((relay) => [relay.entry.fingerprint, relay]))
  const after = new Set(b.relays.map((relay) => relay.entry.fingerprint))
  const pairs = b.relays.flatMap((relay) => {
    const old = before.get(relay.entry.fingerprint)
    return old === undefined ? [] : [{ old, relay }]
  })
  return {
    from: a.consensus.validAfter,
    to: b.consensus.validAfter,
    relays: { before: a.relays.length, after: b.relays.length },
    appeared: b.relays.filter((relay) => !before.has(relay.entry.fingerprint)).map(changed),
    gone: a.relays.filter((relay) => !after.has(relay.entry.fingerprint)).map(changed),
    flags: pairs.flatMap(({ old, relay }) => {
      const [gained, lost] = moved(old.entry.flags, relay.entry.flags)
      return gained.length + lost.length === 0 ? [] : [{ relay: changed(relay), gained, lost }]
    }),
    families: knowsFamilies(a) && knowsFamilies(b) ? pairs.flatMap(familyChange) : null,
    versions: pairs.flatMap(({ old, relay }) => {
      const [from, to] = [versionOf(old), versionOf(relay)]
      return from === to ? [] : [{ relay: changed(relay), from, to }]
    }),
    badExits: newBadExits(a, b).map(changed),
  }
}

/** Bad exits of `b` that `a` doesn't have as such. */
export function newBadExits(a: RelayMap, b: RelayMap): readonly MapRelay[] {
  const known = new Set(a.relays.filter(isBadExit).map((relay) => relay.entry.fingerprint))
  return b.relays.filter((relay) => isBadExit(relay) && !known.has(relay.entry.fingerprint))
}

function isBadExit({ original }: MapRelay): boolean {
  return original === 'badExit'
}

function knowsFamilies({ relays }: RelayMap): boolean {
  return relays.some((relay) => relay.descriptor !== null || relay.microdescriptor !== null)
}

/** A relay whose documents are missing in one of the maps has not left its family. */
function familyChange({ old, relay }: { old: MapRelay; relay: MapRelay }): NonNullable<Difference['families']> {
  if (!isDescribed(old) || !isDescribed(relay)) return []
  const [joined, left] = moved(old.family, relay.family)
  return joined.length + left.length === 0 ? [] : [{ relay: changed(relay), joined, left }]
}

function isDescribed({ descriptor, microdescriptor }: MapRelay): boolean {
  return descriptor !== null || microdescriptor !== null
}

function moved(before: readonly string[], after: readonly string[]): readonly [readonly string[], readonly string[]] {
  // The parser gives equal lists of flags as one array.
  if (before === after) return [[], []]
  const [old, now] = [new Set(before), new Set(after)]
  return [after.filter((name) => !old.has(name)), before.filter((name) => !now.has(name))]
}

function versionOf({ entry }: MapRelay): string | null {
  return entry.version === null ? null : bareVersion(entry.version)
}

function changed({ entry, place, original }: MapRelay): ChangedRelay {
  const { fingerprint, nickname, address, weight } = entry
  return { fingerprint, nickname, address, country: place.country, original, weight }
}
