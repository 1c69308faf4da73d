/** Counts of a map, for the page, `noc tormap stats` and everything that says what it shows. Pure. */
import { MODERN_CLASSES, type ModernClass, ORIGINAL_CLASSES, type OriginalClass, type RelayMap } from './types.ts'
import type { HourWire, VerifiedWire } from './wire.ts'

/** What is known of an hour without its relays. */
export function hourWire(map: RelayMap): HourWire {
  const { consensus, flavour, sample, geo, asn } = map
  const { validAfter, freshUntil, validUntil } = consensus
  const { state, good, needed, authorities, why } = map.verification
  const verified: VerifiedWire = { state, good, needed, authorities, why }
  const times = { validAfter, freshUntil, validUntil }
  const counts = { relays: map.relays.length, ...countedOf(map) }
  return { sample, flavour, ...times, verified, geo, asn, ...counts }
}

/** The document of `noc tormap stats --json`. Times are ms since 1970. */
export interface StatsDocument {
  readonly consensus: Pick<HourWire, 'flavour' | 'validAfter' | 'freshUntil'>
  readonly verified: Pick<HourWire['verified'], 'state' | 'good' | 'needed' | 'authorities'>
  readonly relays: number
  /** Of so many the observed bandwidth is known: no other can be in a class that says fast. */
  readonly observed: number
  /** Every relay is in one of these. */
  readonly classes: HourWire['classes']['original']
  /** A relay can be in several of these. */
  readonly modern: HourWire['classes']['modern']
  readonly placed: HourWire['placed']
}

/** Makes the document of `noc tormap stats --json`. */
export function statsDocument(map: RelayMap): StatsDocument {
  return statsOfHour(hourWire(map))
}

/** The same from what the daemon tells of an hour. */
export function statsOfHour(hour: HourWire): StatsDocument {
  const { flavour, validAfter, freshUntil, verified, relays, observed, classes, placed } = hour
  const { state, good, needed, authorities } = verified
  return {
    consensus: { flavour, validAfter, freshUntil },
    verified: { state, good, needed, authorities },
    relays,
    observed,
    classes: classes.original,
    modern: classes.modern,
    placed,
  }
}

/** Relays in each class, with each kind of place, and of known bandwidth. */
function countedOf({ relays }: RelayMap): Pick<HourWire, 'classes' | 'placed' | 'observed'> {
  const original = zeros<OriginalClass>(ORIGINAL_CLASSES)
  const modern = zeros<ModernClass>(MODERN_CLASSES)
  const placed = { city: 0, country: 0, none: 0 }
  let observed = 0
  for (const relay of relays) {
    original[relay.original] += 1
    for (const name of relay.modern) modern[name] += 1
    placed[relay.place.kind] += 1
    if (relay.observed !== null) observed += 1
  }
  const { city, country, none: unplaced } = placed
  return { classes: { original, modern }, placed: { city, country, unplaced }, observed }
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>
}
