/**
 * Invents the sample's relays. All follows from one number, so everybody's sample is the same; addresses, names and
 * numbers are those that are set aside for examples, so nothing can be taken for a real relay, or reach one.
 */
import { COUNTRY_POINTS } from '../geo/country-points.ts'
import type { AutonomousSystem, Place } from '../types.ts'
import { sampleCities } from './cities.ts'

/** Enough to fill a map, few enough to be made within a second. */
const RELAYS = 310
/** Of the sample's network. */
export const AUTHORITIES = 3
const SEED = 0x70726f62
/** TEST-NET-1 to 3. Source: RFC 5737. */
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113']
const HOSTS = 254
/** Source: RFC 5398. */
const FIRST_SYSTEM = 64_496
const COMPANIES = ['Nightwatch', 'Polar', 'Harbour', 'Granite', 'Meadow', 'Lantern', 'Juniper', 'Basalt', 'Tidewater']
const OPERATORS = ['nordlicht', 'quietharbor', 'saltmarsh', 'lanternfish', 'openfield', 'cedarpost', 'glacierbay']
const FIRST_WORDS = [
  'amber',
  'blue',
  'calm',
  'dusk',
  'early',
  'faint',
  'grey',
  'hidden',
  'late',
  'moon',
  'north',
  'pale',
]
const SECOND_WORDS = [
  'badger',
  'brook',
  'comet',
  'dune',
  'falcon',
  'fern',
  'heron',
  'lynx',
  'moth',
  'otter',
  'owl',
  'reed',
]
const VERSIONS = ['0.4.9.11', '0.4.9.11', '0.4.9.11', '0.4.8.22', '0.4.8.22', '0.4.8.21', '0.4.7.16']
const PLATFORMS = ['Linux', 'Linux', 'Linux', 'Linux', 'FreeBSD', 'OpenBSD']

export interface SampleRelay {
  readonly nickname: string
  readonly address: string
  readonly otherAddresses: readonly string[]
  readonly orPort: number
  readonly dirPort: number
  readonly place: Place
  readonly as: AutonomousSystem
  readonly flags: readonly string[]
  readonly version: string
  readonly platform: string
  /** Bytes a second. */
  readonly observed: number
  readonly isExit: boolean
  readonly contact: string
  /** Whose relays are a family; null for one of its own. */
  readonly operator: string | null
  /** Hours before the newest: when it is first there, when it was last there (-1: it still is). */
  readonly joins: number
  readonly leaves: number
  /** Every so many hours it is missing; 0: never. */
  readonly naps: number
}

/** All relays that are there at some hour; the first ones are the directory authorities. */
export function inventRelays(): readonly SampleRelay[] {
  const random = generator(SEED)
  const totalShare = sampleCities.reduce((sum, { share }) => sum + share, 0)
  return Array.from({ length: RELAYS }, (_, index) => inventRelay(index, index < AUTHORITIES, random, totalShare))
}

function inventRelay(index: number, isAuthority: boolean, random: () => number, totalShare: number): SampleRelay {
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const city = inventPlace(random, totalShare)
  const system = Math.floor(random() * COMPANIES.length)
  const operator = !isAuthority && random() < 0.2 ? pick(OPERATORS) : null
  const isExit = !isAuthority && random() < 0.24
  // Most relays are slow and a few carry nearly everything: evenly spread over the powers of ten.
  const observed = Math.round(10 ** (4.6 + 3 * random()))
  const host = `${NETWORKS[Math.floor(index / HOSTS)]}.${(index % HOSTS) + 1}`
  const change = random()
  const words = `${pick(FIRST_WORDS)}${pick(SECOND_WORDS)}`
  const name = isAuthority ? `SAMPLE${index + 1}` : operator === null ? words : `${operator}${index}`
  return {
    nickname: name,
    address: host,
    otherAddresses: random() < 0.45 ? [`[2001:db8::${(index + 1).toString(16)}]:9001`] : [],
    orPort: pick([9001, 9001, 443, 443, 8443]),
    dirPort: isAuthority ? 80 : 0,
    place: city,
    as: { number: FIRST_SYSTEM + system, name: `SAMPLE ${COMPANIES[system]} Networks` },
    flags: inventFlags(isAuthority, isExit, observed, random()),
    version: isAuthority ? (VERSIONS[0] ?? '') : pick(VERSIONS),
    platform: pick(PLATFORMS),
    observed,
    isExit,
    contact: `SAMPLE, an invented relay; nobody@${operator ?? words}.example`,
    operator,
    joins: !isAuthority && change < 0.08 ? Math.floor(random() * 20) : Infinity,
    leaves: change > 0.94 && !isAuthority ? Math.floor(random() * 20) : -1,
    naps: !isAuthority && change > 0.88 && change <= 0.94 ? 7 + Math.floor(random() * 6) : 0,
  }
}

/** A city, sometimes only a country, and rarely nothing at all, as geo databases know it. */
function inventPlace(random: () => number, totalShare: number): Place {
  let rest = random() * totalShare
  const found = sampleCities.find(({ share }) => (rest -= share) < 0)
  const luck = random()
  if (found === undefined || luck < 0.02) {
    return { kind: 'none', country: null, city: null, longitude: null, latitude: null, radius: null }
  }
  const { country, city, longitude, latitude } = found
  const point = COUNTRY_POINTS[country]
  if (luck < 0.12 && point !== undefined) {
    return { kind: 'country', country, city: null, longitude: point[0], latitude: point[1], radius: point[2] }
  }
  return { kind: 'city', country, city, longitude, latitude, radius: luck < 0.7 ? 20 : 50 }
}

function inventFlags(isAuthority: boolean, isExit: boolean, observed: number, luck: number): readonly string[] {
  const isStable = isAuthority || luck < 0.75
  const flags = {
    Authority: isAuthority,
    BadExit: isExit && luck > 0.97,
    Exit: isExit,
    Fast: observed > 100_000,
    Guard: isStable && observed > 2_000_000 && luck < 0.6,
    HSDir: isStable && luck < 0.7,
    Running: true,
    Stable: isStable,
    V2Dir: true,
    Valid: true,
  }
  return Object.entries(flags).flatMap(([flag, has]) => (has ? [flag] : []))
}

/** Numbers from 0 to 1 that look random and are always the same (a xorshift generator of 32 bits). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
