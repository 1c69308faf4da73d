/**
 * Everything about many relays as a static site keeps it: what they have in common is there once, so that thousands of
 * relays are a few small files. Both sides of it: the build packs, the page unpacks. Pure.
 */
import { fingerprintOf } from './rows.ts'
import type { NamesWire, RelayWire } from '../wire.ts'

/** In how many tables the relays of an hour are: by the first digit of their fingerprints. */
export const TABLES = 16

/** A relay as it is packed; its family apart. */
export type AloneWire = Omit<RelayWire, 'validAfter' | 'weightFraction' | 'family'>

/** Its row of the names, the values that are a relay's own, then the positions of those that it shares with others. */
type Row = readonly [
  row: number,
  addresses: readonly string[],
  dirPort: number,
  weight: number,
  unmeasured: boolean,
  bandwidth: RelayWire['bandwidth'],
  upSince: number | null,
  published: number | null,
  ed25519: string | null,
  firstSeen: number | null,
  flags: number,
  original: number,
  modern: number,
  place: number,
  as: number,
  version: number,
  recommended: number,
  platform: number,
  contact: number,
  exitPolicy: number,
  exitPolicy6: number,
  family: number,
]

/** The relays whose fingerprints begin with the same digit. */
export interface RelayTable {
  readonly validAfter: number
  /** Of all relays of the hour. */
  readonly weights: number
  /** Values of every kind, each once. */
  readonly shared: readonly unknown[]
  readonly relays: readonly Row[]
}

/** Which table has a relay: a hexadecimal digit, as names of files have it. */
export function tableOf(fingerprint: string): string {
  return fingerprint.slice(0, 1).toLowerCase()
}

/** Where relays are among the names. */
export interface Rows {
  rowOf(fingerprint: string): number
  /** Of all relays of a relay's family, itself included; the same list for all of them. */
  familyOf(fingerprint: string): readonly number[]
}

/** Packs relays into a table. Lists and objects are equal here when they are one: relays should share them. */
export function packRelays(
  { validAfter, weights }: Pick<RelayTable, 'validAfter' | 'weights'>,
  relays: readonly AloneWire[],
  { rowOf, familyOf }: Rows,
): RelayTable {
  const shared = new Map<unknown, number>()
  const at = (value: unknown): number => {
    let position = shared.get(value)
    if (position === undefined) shared.set(value, (position = shared.size))
    return position
  }
  const rows = relays.map((relay): Row => [
    rowOf(relay.fingerprint),
    relay.addresses,
    relay.dirPort,
    relay.weight,
    relay.unmeasured,
    relay.bandwidth,
    relay.upSince,
    relay.published,
    relay.ed25519,
    relay.firstSeen,
    at(relay.flags),
    at(relay.original),
    at(relay.modern),
    at(relay.place),
    at(relay.as),
    at(relay.version),
    at(relay.recommended),
    at(relay.platform),
    at(relay.contact),
    at(relay.exitPolicy),
    at(relay.exitPolicy6),
    at(familyOf(relay.fingerprint)),
  ])
  return { validAfter, weights, shared: [...shared.keys()], relays: rows }
}

/** The relays of a table; `names` are those of its hour. */
export function unpackRelays(table: RelayTable, names: NamesWire): readonly RelayWire[] {
  return table.relays.map((row) => unpack(table, names, row))
}

/** One relay of a table; null when it is not there. */
export function unpackRelay(table: RelayTable, names: NamesWire, fingerprint: string): RelayWire | null {
  const row = table.relays.find(([number]) => fingerprintOf(names, number) === fingerprint)
  return row === undefined ? null : unpack(table, names, row)
}

function unpack({ validAfter, weights, shared }: RelayTable, names: NamesWire, row: Row): RelayWire {
  const [number, addresses, dirPort, weight, unmeasured, ...rest] = row
  const [bandwidth, upSince, published, ed25519, firstSeen, flags, original, modern, place, as, ...others] = rest
  const [version, recommended, platform, contact, exitPolicy, exitPolicy6, family] = others
  // The build wrote at each position what its field holds.
  const at = <K extends keyof RelayWire>(_: K, position: number): RelayWire[K] => shared[position] as RelayWire[K]
  const fingerprint = fingerprintOf(names, number)
  const members = (shared[family] as readonly number[]).map((member) => ({
    fingerprint: fingerprintOf(names, member),
    nickname: names.nickname[member] ?? null,
  }))
  return {
    validAfter,
    fingerprint,
    nickname: names.nickname[number] ?? '',
    addresses,
    dirPort,
    weight,
    unmeasured,
    bandwidth,
    upSince,
    published,
    ed25519,
    firstSeen,
    weightFraction: weights === 0 ? 0 : weight / weights,
    flags: at('flags', flags),
    original: at('original', original),
    modern: at('modern', modern),
    place: at('place', place),
    as: at('as', as),
    version: at('version', version),
    recommended: at('recommended', recommended),
    platform: at('platform', platform),
    contact: at('contact', contact),
    exitPolicy: at('exitPolicy', exitPolicy),
    exitPolicy6: at('exitPolicy6', exitPolicy6),
    family: members.filter((member) => member.fingerprint !== fingerprint),
  }
}
