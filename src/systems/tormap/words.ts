/** Sentences and rows that several commands show. Pure. */
import { count, percent } from '#core/units.ts'
import type { ModernClass, OriginalClass, RelayMap } from './types.ts'
import type { HourWire, VerifiedWire } from './wire.ts'

/** Names of the classes for people. */
export const CLASS_WORDS: Readonly<Record<OriginalClass | ModernClass, string>> = {
  badExit: 'bad exit',
  authority: 'authority',
  exitFast: 'exit, fast',
  exit: 'exit',
  stableFast: 'stable, fast',
  stable: 'stable',
  named: 'named',
  other: 'other',
  guard: 'guard',
  middle: 'middle',
  hsDir: 'HSDir',
  unmeasured: 'unmeasured',
  newToday: 'new today',
  dualStack: 'dual stack',
}

/** `2022-11-19 10:00 UTC`; the network's clock, the same for everybody. */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** The answer in one sentence. */
export function headline({ relays, validAfter, flavour, verified, sample }: HourWire): string {
  const mark = sample ? 'SAMPLE: ' : verified.state === 'good' ? '' : 'UNVERIFIED: '
  return `${mark}${count(relays)} relays in the ${flavour} consensus of ${timeText(validAfter)}.`
}

/** How far a consensus can be believed, in one sentence. */
export function verifiedText({ state, good, needed, authorities, why }: VerifiedWire): string {
  if (state === 'good') return `Verified: ${good} of ${authorities} authorities signed it, ${needed} are needed.`
  return `${state === 'bad' ? 'NOT GOOD' : 'UNVERIFIED'}: ${why}`
}

/** A share 0..1 as a percentage; what is there at all is not shown as nothing. */
export function shareText(share: number): string {
  return share > 0 && share < 0.0005 ? '<0.1 %' : percent(share)
}

/** A country's part of the network. */
export interface CountryRow {
  /** ISO 3166-1; null: unknown. */
  readonly country: string | null
  readonly name: string
  readonly relays: number
  readonly exits: number
  /** Share of the consensus weight, 0 to 1. */
  readonly weight: number
}

/** Countries by their weight, the heaviest first. */
export function countryRows({ relays }: RelayMap): readonly CountryRow[] {
  const names = new Intl.DisplayNames(['en'], { type: 'region' })
  const groups = new Map<string | null, { relays: number; exits: number; weight: number }>()
  let total = 0
  for (const { place, entry } of relays) {
    const group = groups.get(place.country) ?? { relays: 0, exits: 0, weight: 0 }
    groups.set(place.country, group)
    group.relays += 1
    group.exits += entry.flags.includes('Exit') ? 1 : 0
    group.weight += entry.weight
    total += entry.weight
  }
  return [...groups]
    .map(([country, group]) => ({
      country,
      name: country === null ? 'unknown' : (names.of(country) ?? country),
      ...group,
      weight: total === 0 ? 0 : group.weight / total,
    }))
    .toSorted((a, b) => b.weight - a.weight || b.relays - a.relays)
}
