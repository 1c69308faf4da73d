/** What the page says about classes, hours and how far they can be believed. Pure. */
import type { Answer } from '#core/http/documents.ts'
import { count } from '#core/units.ts'
import { MARKS } from './map/marks.ts'
import { countryName as nameOf } from './map/words.ts'
import type { ModernClass, OriginalClass, Place } from './types.ts'
import type { HourWire } from './wire.ts'

/** What the classes of the map everybody knows mean. */
export const ORIGINAL_MEANING: Readonly<Record<OriginalClass, string>> = {
  badExit: 'The authorities warn of it: it changes or watches what leaves through it.',
  authority: 'Votes on what is in the consensus.',
  exitFast: 'Lets traffic out of Tor, and has seen itself carry much.',
  exit: 'Lets traffic out of Tor.',
  stableFast: 'Stays up for long, and has seen itself carry much.',
  stable: 'Stays up for long.',
  named: 'An authority bound its nickname to it; only in old consensuses.',
  other: 'All the rest.',
}

/** What the map calls a class. */
export function classTitle(name: OriginalClass): string {
  return MARKS.find((mark) => mark.name === name)?.title ?? name
}

/** Names and meanings of what operators ask for today. */
export const MODERN_WORDS: Readonly<Record<ModernClass, readonly [title: string, meaning: string]>> = {
  guard: ['Guard', 'May be the first relay of a circuit.'],
  middle: ['Middle', 'Neither guard nor exit.'],
  hsDir: ['HSDir', 'Keeps descriptors of onion services.'],
  unmeasured: ['Unmeasured', 'Fewer than three authorities measured it, so its weight is capped.'],
  newToday: ['New today', 'First seen within the last 24 hours.'],
  dualStack: ['Dual stack', 'Reached over IPv4 and IPv6.'],
}

/** What stands on the face of the map when it must not be taken for the truth; null: it may. */
export function stamp({ sample, verified }: HourWire): string | null {
  if (sample) return 'SAMPLE'
  return verified.state === 'good' ? null : 'UNVERIFIED'
}

/** How far an hour can be believed, in one sentence. */
export function trust({ sample, verified }: HourWire): string {
  const { state, good, needed, authorities, why } = verified
  if (sample) return 'These relays are invented and signed by invented authorities.'
  if (state === 'good') return `Verified: ${good} of ${authorities} authorities signed it, ${needed} are needed.`
  if (state === 'bad') return `Its signatures do not hold: ${good} of ${authorities} are good, ${needed} are needed.`
  return why
}

/** The answer of the page where nobody else gives one: on a static site, and for an hour of the past. */
export function answerOf(hour: HourWire, when: string): Answer {
  const { relays, verified, sample } = hour
  const mark = stamp(hour)
  const who = sample
    ? 'all of them invented'
    : verified.state === 'good'
      ? `verified by ${verified.good} of ${verified.authorities} authorities`
      : 'verified by nobody'
  return {
    severity: mark === null ? 'ok' : 'warning',
    sentence: `${mark === null ? '' : `${mark}: `}${count(relays)} relays ${when}, ${who}.`,
    paragraph: placedWords(hour),
  }
}

function placedWords({ placed }: HourWire): string {
  const { city, country, unplaced } = placed
  if (city + country === 0) return 'No database of places was given, so none of them is on the map.'
  const rest = unplaced === 0 ? '' : `, of ${count(unplaced)} not even that`
  return `Of ${count(city)} the city is known, of ${count(country)} only the country${rest}.`
}

/** Name of a country in English; the code where it has none. */
export function countryName(code: string | null): string {
  return code === null ? 'unknown' : nameOf(code)
}

/** `Falkenstein, Germany, within 20 km`, as certain as it is. */
export function placeWords({ kind, country, city, radius }: Omit<Place, 'longitude' | 'latitude'>): string {
  if (kind === 'none') return 'unknown'
  const where = kind === 'city' && city !== null ? `${city}, ${countryName(country)}` : countryName(country)
  if (kind === 'country') return `${where}; where in the country is not known`
  return radius === null || radius < 0 ? where : `${where}, within ${count(radius)} km`
}
