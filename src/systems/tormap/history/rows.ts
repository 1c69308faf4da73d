/** Relays made from columns again. Pure. */
import type { Microdescriptor, RelayEntry, ServerDescriptor } from '#proto/tordir/types.ts'
import {
  type AutonomousSystem,
  MODERN_CLASSES,
  type MapRelay,
  ORIGINAL_CLASSES,
  type Place,
  type RelayMap,
} from '../types.ts'
import { type Column, FINE, type FieldName, HALF_TURN, NAMES, NOTHING, type PlaceParts } from './fields.ts'

/** Columns by slot, the slots in the order of the relays, and the texts that columns of texts have the numbers of. */
export interface Table {
  readonly order: Int32Array
  readonly columns: readonly Column[]
  readonly texts: readonly string[]
  readonly memo: Memo
}

/**
 * What was made of texts. The first `limit` texts of a root are also those of every hour that rests on it, so what is
 * made of them is made once for all these hours.
 */
export interface Memo {
  readonly limit: number
  readonly places: (Place | undefined)[]
  readonly systems: (AutonomousSystem | undefined)[]
  readonly words: (readonly string[] | undefined)[]
  readonly lines: (readonly string[] | undefined)[]
}

/** An empty memory for the first `limit` texts. */
export function memo(limit: number): Memo {
  return { limit, places: holes(limit), systems: holes(limit), words: holes(limit), lines: holes(limit) }
}

function holes<T>(length: number): (T | undefined)[] {
  const array: (T | undefined)[] = []
  // All at once: growing to it would copy again and again.
  array.length = length
  return array
}

type Columns = Readonly<Record<FieldName, Column>>

/** What a relay is read with. */
interface Reader {
  readonly of: Columns
  text(id: number): string | null
  words(id: number): readonly string[]
  lines(id: number): readonly string[]
}

/** Relays that are made in one go: a few milliseconds. */
const STEP_ROWS = 1000

/**
 * Makes the relays of a table, and stops now and then so that others have their turn. `drawn`: only what the map's own
 * documents are made from, in half the time; then there are no descriptors, and families name the relay itself too.
 */
export function* relaySteps(
  { order, columns, texts, memo }: Table,
  drawn: boolean,
): Generator<void, RelayMap['relays']> {
  const none = new Int32Array(0)
  // One object with fixed names: each access below stays one machine instruction or two.
  const of = Object.fromEntries(NAMES.map((name, index) => [name, columns[index] ?? none])) as Columns
  const read: Reader = {
    of,
    text: (id) => texts[id] ?? null,
    words: lists(once(texts, memo.limit, memo.words, splitAt(' '))),
    lines: lists(once(texts, memo.limit, memo.lines, splitAt('\n'))),
  }
  const place = once(texts, memo.limit, memo.places, parsePlace)
  const system = once(texts, memo.limit, memo.systems, parseSystem)
  const modern: MapRelay['modern'][] = []
  const familyOf = familyReader(read, order, drawn)
  const relayOf = (slot: number): MapRelay => {
    const entry = entryOf(read, slot)
    const observed = orNull(at(of.observed, slot))
    const bits = at(of.modern, slot)
    const as = at(of.as, slot)
    return {
      entry,
      descriptor: drawn || at(of.declared, slot) === NOTHING ? null : descriptorOf(read, slot, entry, observed ?? 0),
      microdescriptor: drawn || at(of.micro, slot) === NOTHING ? null : microOf(read, slot),
      observed,
      place: place(at(of.place, slot)),
      longitude: degrees(at(of.longitude, slot)),
      latitude: degrees(at(of.latitude, slot)),
      as: as === NOTHING ? null : system(as),
      original: ORIGINAL_CLASSES[at(of.original, slot)] ?? 'other',
      modern: (modern[bits] ??= MODERN_CLASSES.filter((_, bit) => (bits >> bit) & 1)),
      family: familyOf(slot),
    }
  }
  const relays: MapRelay[] = []
  for (const slot of order) {
    if (relays.push(relayOf(slot)) % STEP_ROWS === 0) yield
  }
  return relays
}

function at(column: Column, slot: number): number {
  return column[slot] ?? NOTHING
}

/** What is made of a text is made once for all relays that have it. */
function once<T>(
  texts: readonly string[],
  limit: number,
  shared: (T | undefined)[],
  make: (text: string) => T,
): (id: number) => T {
  const own = holes<T>(Math.max(0, texts.length - limit))
  return (id) => (id < limit ? (shared[id] ??= make(texts[id] ?? '')) : (own[id - limit] ??= make(texts[id] ?? '')))
}

const NONE: readonly string[] = []

function splitAt(separator: string): (text: string) => readonly string[] {
  return (text) => (text === '' ? NONE : text.split(separator))
}

function lists(list: (id: number) => readonly string[]): (id: number) => readonly string[] {
  return (id) => (id === NOTHING ? NONE : list(id))
}

/** Reads families, row after row: a group is all its members but the relay itself. */
function familyReader(
  { of, text, words }: Reader,
  order: Int32Array,
  whole: boolean,
): (slot: number) => readonly string[] {
  const members = new Map<number, { readonly names: string[]; given: number }>()
  for (const slot of order) {
    const group = at(of.group, slot)
    if (group === NOTHING) continue
    const name = text(at(of.fingerprint, slot)) ?? ''
    const known = members.get(group)
    if (known) known.names.push(name)
    else members.set(group, { names: [name], given: 0 })
  }
  return (slot) => {
    const group = members.get(at(of.group, slot))
    if (group === undefined) return words(at(of.family, slot))
    if (whole) return group.names
    const family = group.names.slice()
    family.splice(group.given++, 1)
    return family
  }
}

function entryOf({ of, text, words }: Reader, slot: number): RelayEntry {
  return {
    nickname: text(at(of.nickname, slot)) ?? '',
    fingerprint: text(at(of.fingerprint, slot)) ?? '',
    digest: '',
    published: milliseconds(at(of.published, slot)),
    address: text(at(of.address, slot)) ?? '',
    orPort: at(of.orPort, slot),
    dirPort: at(of.dirPort, slot),
    otherAddresses: words(at(of.otherAddresses, slot)),
    flags: words(at(of.flags, slot)),
    version: text(at(of.version, slot)),
    weight: Math.max(0, at(of.weight, slot)),
    unmeasured: at(of.unmeasured, slot) === 1,
    exitPolicy: text(at(of.exitPolicy, slot)),
    protocols: text(at(of.protocols, slot)),
  }
}

function descriptorOf(
  { of, text, words, lines }: Reader,
  slot: number,
  { fingerprint, published: named }: RelayEntry,
  observed: number,
): ServerDescriptor {
  const published = (named ?? 0) + unfold(at(of.ownPublished, slot)) * 1000
  const started = at(of.started, slot)
  return {
    nickname: text(at(of.ownNickname, slot)) ?? '',
    fingerprint,
    digest: '',
    address: text(at(of.ownAddress, slot)) ?? '',
    orPort: at(of.ownOrPort, slot),
    dirPort: at(of.ownDirPort, slot),
    otherAddresses: words(at(of.ownOtherAddresses, slot)),
    platform: text(at(of.platform, slot)),
    published,
    uptime: started === NOTHING ? null : Math.round(published / 1000) - unfold(started),
    bandwidth: {
      average: at(of.average, slot),
      burst: at(of.burst, slot),
      observed: observed + unfold(at(of.ownObserved, slot)),
    },
    contact: text(at(of.contact, slot)),
    family: words(at(of.ownFamily, slot)),
    familyIds: words(at(of.ownFamilyIds, slot)),
    exitPolicy: lines(at(of.policy, slot)),
    exitPolicy6: text(at(of.policy6, slot)),
    hibernating: at(of.hibernating, slot) === 1,
    ed25519: text(at(of.ed25519, slot)),
    extraInfoDigest: null,
    protocols: text(at(of.ownProtocols, slot)),
    overloaded: milliseconds(at(of.overloaded, slot)),
  }
}

function microOf({ of, text, words }: Reader, slot: number): Microdescriptor {
  return {
    digest: '',
    otherAddresses: words(at(of.microOtherAddresses, slot)),
    family: words(at(of.microFamily, slot)),
    familyIds: words(at(of.microFamilyIds, slot)),
    exitPolicy: text(at(of.microPolicy, slot)),
    exitPolicy6: text(at(of.microPolicy6, slot)),
    ed25519: text(at(of.microEd25519, slot)),
  }
}

function orNull(value: number): number | null {
  return value === NOTHING ? null : value
}

function milliseconds(value: number): number | null {
  return value === NOTHING ? null : value * 1000
}

function degrees(value: number): number | null {
  return value === NOTHING ? null : (value - HALF_TURN * FINE) / FINE
}

function unfold(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2
}

function parsePlace(json: string): Place {
  const [kind, country, city, longitude, latitude, radius] = JSON.parse(json) as PlaceParts
  return { kind, country, city, longitude, latitude, radius }
}

function parseSystem(words: string): AutonomousSystem {
  const space = words.indexOf(' ')
  return { number: Number(words.slice(0, space)), name: words.slice(space + 1) }
}
