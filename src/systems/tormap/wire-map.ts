/** A map as the page gets it: what is drawn in columns, the names beside it, and one relay with everything. Pure. */
import { hourWire } from './stats.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES, type MapRelay, type Place, type RelayMap } from './types.ts'
import type { MapWire, NamesWire, RelayWire } from './wire.ts'

/** Flags that fit into the bits of one number (32-bit operations); the directory knows some 15. */
const MOST_FLAGS = 31
/** A degree of a coordinate in the columns: hundredths, about one kilometre. */
const DEGREE = 100

/** What GET /map answers: small enough to be read at once, 9,000 relays in some 110 kB gz. */
export function mapWire(map: RelayMap): MapWire {
  const { relays } = map
  const flags = flagNames(map)
  const flagBits = bitsOf(flags)
  const modernBits = bitsOf(MODERN_CLASSES)
  const places = numbered(relays, ({ place }) => (place.kind === 'none' ? null : place), placeKey)
  const systems = numbered(
    relays,
    ({ as }) => as,
    ({ number, name }) => `${number} ${name}`,
  )
  return {
    hour: hourWire(map),
    flags,
    places: placeColumns(places.values),
    systems: systems.values,
    columns: {
      place: places.index,
      // Small numbers of little variety, which compress to half of what the coordinates do.
      east: relays.map(({ longitude, place }) => hundredths(longitude) - hundredths(place.longitude)),
      north: relays.map(({ latitude, place }) => hundredths(latitude) - hundredths(place.latitude)),
      original: relays.map(({ original }) => ORIGINAL_CLASSES.indexOf(original)),
      modern: relays.map(({ modern }) => modernBits(modern)),
      flags: relays.map(({ entry }) => flagBits(entry.flags)),
      weight: relays.map(({ entry }) => rounded(entry.weight)),
      as: systems.index,
      family: families(relays),
    },
  }
}

/** What GET /names answers. */
export function namesWire({ consensus, relays }: RelayMap): NamesWire {
  return {
    validAfter: consensus.validAfter,
    nickname: relays.map(({ entry }) => entry.nickname),
    fingerprints: Buffer.from(relays.map(({ entry }) => entry.fingerprint).join(''), 'hex').toString('base64'),
    address: relays.map(({ entry }) => entry.address),
  }
}

/** What GET /relay/:fingerprint answers; null when this hour has no such relay. */
export function relayWire(map: RelayMap, fingerprint: string, firstSeen: number | null = null): RelayWire | null {
  const relay = findRelay(map.relays, fingerprint)
  if (relay === null) return null
  const family = relay.family.map((member) => ({
    fingerprint: member,
    nickname: findRelay(map.relays, member)?.entry.nickname ?? null,
  }))
  return { ...relayAlone(map, relay, firstSeen), family }
}

/** The same without its family, whose names have to be looked up. */
export function relayAlone(map: RelayMap, relay: MapRelay, firstSeen: number | null): Omit<RelayWire, 'family'> {
  const { relays, consensus } = map
  const { entry, descriptor, microdescriptor } = relay
  const weights = totalWeight(relays)
  return {
    validAfter: consensus.validAfter,
    nickname: entry.nickname,
    fingerprint: entry.fingerprint,
    addresses: [`${entry.address}:${entry.orPort}`, ...entry.otherAddresses],
    dirPort: entry.dirPort,
    flags: entry.flags,
    original: relay.original,
    modern: relay.modern,
    place: relay.place,
    as: relay.as,
    weight: entry.weight,
    weightFraction: weights === 0 ? 0 : entry.weight / weights,
    unmeasured: entry.unmeasured,
    bandwidth: descriptor?.bandwidth ?? null,
    version: entry.version,
    recommended: isRecommended(entry.version, consensus.serverVersions),
    platform: descriptor?.platform ?? null,
    upSince: descriptor === null || descriptor.uptime === null ? null : descriptor.published - descriptor.uptime * 1000,
    published: descriptor?.published ?? entry.published,
    contact: descriptor?.contact ?? null,
    exitPolicy: entry.exitPolicy ?? microdescriptor?.exitPolicy ?? descriptor?.exitPolicy.join(', ') ?? null,
    exitPolicy6: descriptor?.exitPolicy6 ?? microdescriptor?.exitPolicy6 ?? null,
    ed25519: descriptor?.ed25519 ?? microdescriptor?.ed25519 ?? null,
    firstSeen,
  }
}

const totals = new WeakMap<readonly MapRelay[], number>()

/** Added up once a map: a site asks for every relay. */
function totalWeight(relays: readonly MapRelay[]): number {
  const total = totals.get(relays) ?? relays.reduce((sum, { entry }) => sum + entry.weight, 0)
  totals.set(relays, total)
  return total
}

/** The relay with this fingerprint, by halving; null when there is none. */
export function findRelay(relays: readonly MapRelay[], fingerprint: string): MapRelay | null {
  let low = 0
  let high = relays.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = relays[middle]
    if (found === undefined || found.entry.fingerprint === fingerprint) return found ?? null
    if (found.entry.fingerprint < fingerprint) low = middle + 1
    else high = middle - 1
  }
  return null
}

/** Lists of names as the sum of their bits. A list is added up once: thousands of relays share the same few. */
function bitsOf(all: readonly string[]): (names: readonly string[]) => number {
  const values = new Map(all.map((name, bit) => [name, 2 ** bit]))
  const sums = new Map<readonly string[], number>()
  return (names) => {
    let sum = sums.get(names)
    if (sum === undefined) sums.set(names, (sum = names.reduce((total, name) => total + (values.get(name) ?? 0), 0)))
    return sum
  }
}

/** Flags that the consensus knows; relays of other sources may have others. */
function flagNames({ consensus, relays }: RelayMap): string[] {
  const names = new Set(consensus.knownFlags)
  for (const flags of new Set(relays.map(({ entry }) => entry.flags))) for (const flag of flags) names.add(flag)
  return [...names].slice(0, MOST_FLAGS)
}

/** Numbers what relays share, the most frequent first, so that the column is made of short numbers; -1 for null. */
function numbered<T extends object>(
  relays: readonly MapRelay[],
  valueOf: (relay: MapRelay) => T | null,
  keyOf: (value: T) => string,
): { readonly values: readonly T[]; readonly index: readonly number[] } {
  interface Group {
    readonly value: T
    count: number
    number: number
  }
  const byKey = new Map<string, Group>()
  // Most relays share the very object: its key is made once.
  const known = new Map<T, Group>()
  const groups = relays.map((relay) => {
    const value = valueOf(relay)
    if (value === null) return null
    let group = known.get(value)
    if (group === undefined) {
      const key = keyOf(value)
      group = byKey.get(key) ?? { value, count: 0, number: -1 }
      byKey.set(key, group)
      known.set(value, group)
    }
    group.count += 1
    return group
  })
  const sorted = [...byKey.values()].toSorted((a, b) => b.count - a.count)
  for (const [number, group] of sorted.entries()) group.number = number
  return { values: sorted.map(({ value }) => value), index: groups.map((group) => group?.number ?? -1) }
}

function placeKey({ kind, country, city, longitude, latitude, radius }: Place): string {
  return `${kind}\n${country}\n${city}\n${longitude}\n${latitude}\n${radius}`
}

/** Of drawn places: none of them is of the kind `none`. */
function placeColumns(places: readonly Place[]): MapWire['places'] {
  return {
    kind: places.map(({ kind }) => (kind === 'city' ? kind : 'country')),
    country: places.map(({ country }) => country),
    city: places.map(({ city }) => city),
    longitude: places.map(({ longitude }) => hundredths(longitude)),
    latitude: places.map(({ latitude }) => hundredths(latitude)),
    radius: places.map(({ radius }) => radius ?? -1),
  }
}

/** To three significant digits; a weight is a whole number. */
function rounded(weight: number): number {
  let unit = 1
  while (weight >= 1000 * unit) unit *= 10
  return Math.round(weight / unit) * unit
}

function hundredths(degrees: number | null): number {
  // `|| 0`: JSON would write -0 as 0 and come back as another value.
  return Math.round((degrees ?? 0) * DEGREE) || 0
}

/** One number for all relays that are connected by family, the largest family is 1; 0 for relays without. */
function families(relays: readonly MapRelay[]): number[] {
  const rows = new Map(relays.map(({ entry }, row) => [entry.fingerprint, row]))
  const numbers = relays.map(() => 0)
  const found: number[][] = []
  for (const [start, { family }] of relays.entries()) {
    if (family.length === 0 || numbers[start] !== 0) continue
    const members = [start]
    found.push(members)
    numbers[start] = found.length
    // Grows while it is walked.
    for (const member of members) {
      for (const name of relays[member]?.family ?? []) {
        const row = rows.get(name)
        if (row === undefined || numbers[row] !== 0) continue
        numbers[row] = found.length
        members.push(row)
      }
    }
  }
  // Short numbers where there are many of them.
  const sorted = found.toSorted((a, b) => b.length - a.length)
  for (const [index, members] of sorted.entries()) for (const row of members) numbers[row] = index + 1
  return numbers
}

function isRecommended(version: string | null, recommended: readonly string[]): boolean | null {
  if (version === null || recommended.length === 0) return null
  return recommended.includes(version.replace(/^Tor /, ''))
}
