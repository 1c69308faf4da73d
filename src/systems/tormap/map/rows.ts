/** Reading the columns of a map: who a row is, and what several rows have in common. Pure. */
import type { MapWire, NamesWire } from '../wire.ts'

/** Bytes of a relay's fingerprint. */
const FINGERPRINT = 20

const decoded = new WeakMap<NamesWire, string>()
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))

/** Fingerprint of a row; 40 upper-case hexadecimal digits. Made when it is asked for: few of thousands are. */
export function fingerprintOf(names: NamesWire, row: number): string {
  let bytes = decoded.get(names)
  if (bytes === undefined) decoded.set(names, (bytes = atob(names.fingerprints)))
  let hex = ''
  const end = Math.min(bytes.length, (row + 1) * FINGERPRINT)
  for (let index = row * FINGERPRINT; index < end; index += 1) hex += HEX[bytes.charCodeAt(index)] ?? ''
  return hex
}

/** The row of a fingerprint, by halving; null when this hour has no such relay. */
export function rowOf(names: NamesWire, fingerprint: string): number | null {
  let low = 0
  let high = names.nickname.length - 1
  while (low <= high) {
    const row = (low + high) >> 1
    const found = fingerprintOf(names, row)
    if (found === fingerprint) return row
    if (found < fingerprint) low = row + 1
    else high = row - 1
  }
  return null
}

/** A place of a row; null for unplaced ones. */
export interface RowPlace {
  readonly kind: 'city' | 'country'
  readonly country: string | null
  readonly city: string | null
  /** Accuracy radius, km; -1 unknown. */
  readonly radius: number
}

/** Where a row is believed to be. */
export function placeOf(map: MapWire, row: number): RowPlace | null {
  const { kind, country, city, radius } = map.places
  const index = map.columns.place[row] ?? -1
  const known = kind[index]
  if (known === undefined) return null
  return { kind: known, country: country[index] ?? null, city: city[index] ?? null, radius: radius[index] ?? -1 }
}

/** Whether a row has a flag. */
export function hasFlag(map: MapWire, flag: string): (row: number) => boolean {
  const bit = map.flags.indexOf(flag)
  if (bit < 0) return () => false
  const mask = 2 ** bit
  return (row) => ((map.columns.flags[row] ?? 0) & mask) !== 0
}

/** Rows whose place nobody knows. */
export function unplacedRows(map: MapWire): number[] {
  const rows: number[] = []
  map.columns.place.forEach((place, row) => place < 0 && rows.push(row))
  return rows
}

/** What relays can be counted by. */
export type GroupBy = 'country' | 'as' | 'family'

/** Relays that have something in common. */
export interface Group {
  /** Country code, `AS64496`, or the fingerprint of the family's relay with the most weight. */
  readonly key: string
  /** A row of it: the one with the most weight. */
  readonly first: number
  readonly relays: number
  readonly guards: number
  readonly exits: number
  /** Share of the consensus weight of all relays, 0 to 1. */
  readonly weight: number
}

function keyOf(map: MapWire, by: GroupBy): (row: number) => string | null {
  const { places, systems, columns } = map
  if (by === 'country') return (row) => places.country[columns.place[row] ?? -1] ?? null
  if (by === 'family') return (row) => (columns.family[row] ? String(columns.family[row]) : null)
  return (row) => {
    const system = systems[columns.as[row] ?? -1]
    return system ? `AS${system.number}` : null
  }
}

/** Counts rows by what they have in common; rows of which that is not known are left out. */
export function groupRows(map: MapWire, by: GroupBy, visible: (row: number) => boolean): readonly Group[] {
  const key = keyOf(map, by)
  const guard = hasFlag(map, 'Guard')
  const exit = hasFlag(map, 'Exit')
  const groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>()
  const { weight: weights } = map.columns
  const all = weights.reduce((sum, one) => sum + one, 0) || 1
  for (let row = 0; row < weights.length; row += 1) {
    const name = visible(row) ? key(row) : null
    if (name === null) continue
    let group = groups.get(name)
    if (!group) groups.set(name, (group = { key: name, first: row, relays: 0, guards: 0, exits: 0, weight: 0 }))
    const weight = weights[row] ?? 0
    if (weight > (weights[group.first] ?? 0)) group.first = row
    group.relays += 1
    if (guard(row)) group.guards += 1
    if (exit(row)) group.exits += 1
    group.weight += weight / all
  }
  return [...groups.values()]
}
