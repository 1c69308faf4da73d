/**
 * A relay as columns, one number or one text a field, and back. Left out is what serves only to find or check other
 * documents, which the history doesn't have: digests and signatures. Pure.
 */
import type { Microdescriptor, ServerDescriptor } from '#proto/tordir/types.ts'
import { type AutonomousSystem, MODERN_CLASSES, type MapRelay, ORIGINAL_CLASSES, type Place } from '../types.ts'

/** The columns in the order in which they are written; a new order or a new one needs a new FORMAT in delta.ts. */
export const NAMES = [
  'fingerprint',
  'nickname',
  'address',
  'orPort',
  'dirPort',
  'otherAddresses',
  'flags',
  'version',
  'weight',
  'unmeasured',
  'exitPolicy',
  'protocols',
  'published',
  'observed',
  'original',
  'modern',
  'place',
  'longitude',
  'latitude',
  'as',
  'group',
  'family',
  'declared',
  'ownNickname',
  'ownAddress',
  'ownOrPort',
  'ownDirPort',
  'ownOtherAddresses',
  'platform',
  'ownPublished',
  'started',
  'average',
  'burst',
  'ownObserved',
  'contact',
  'ownFamily',
  'ownFamilyIds',
  'policy',
  'policy6',
  'hibernating',
  'ed25519',
  'ownProtocols',
  'overloaded',
  'micro',
  'microOtherAddresses',
  'microFamily',
  'microFamilyIds',
  'microPolicy',
  'microPolicy6',
  'microEd25519',
] as const
/** One of them. */
export type FieldName = (typeof NAMES)[number]

/** What a column has where there is nothing. Numbers of the directory are not negative. */
export const NOTHING = -1

/** A field of all relays, by their slots: half the memory where numbers are small. */
export type Column = Float64Array | Int32Array
/** Largest number of a small column. */
export const MOST_SMALL: number = 2 ** 30

/** Numbers of the groups that families are, by relay. */
export type Groups = ReadonlyMap<MapRelay, number>

interface Field {
  /** `small`: numbers up to MOST_SMALL. */
  readonly kind: 'number' | 'small' | 'text'
  get(relay: MapRelay, groups: Groups): number | string | null
}

const number = (get: (relay: MapRelay, groups: Groups) => number | null): Field => ({ kind: 'number', get })
const small = (get: (relay: MapRelay, groups: Groups) => number | null): Field => ({ kind: 'small', get })
const text = (get: (relay: MapRelay, groups: Groups) => string | null): Field => ({ kind: 'text', get })

/** Makes the text of a list or place once: many relays have the same one, also an hour later. */
function kept<T extends object>(make: (value: T) => string): (value: T) => string {
  const known = new WeakMap<T, string>()
  return (value) => {
    const text = known.get(value) ?? make(value)
    known.set(value, text)
    return text
  }
}

const words = kept((list: readonly string[]) => list.join(' '))
const lines = kept((list: readonly string[]) => list.join('\n'))
const placeText = kept((place: Place) => JSON.stringify(placeParts(place)))
const systemText = kept((as: AutonomousSystem) => `${as.number} ${as.name}`)
const classBits = new Map(MODERN_CLASSES.map((name, bit) => [name, 1 << bit]))
const declared = (get: (descriptor: ServerDescriptor) => string | null): Field =>
  text(({ descriptor }) => descriptor && get(descriptor))
const declaredNumber = (get: (descriptor: ServerDescriptor, relay: MapRelay) => number | null): Field =>
  number((relay) => relay.descriptor && get(relay.descriptor, relay))
const micro = (get: (descriptor: Microdescriptor) => string | null): Field =>
  text(({ microdescriptor }) => microdescriptor && get(microdescriptor))

const TABLE: Readonly<Record<FieldName, Field>> = {
  fingerprint: text(({ entry }) => entry.fingerprint),
  nickname: text(({ entry }) => entry.nickname),
  address: text(({ entry }) => entry.address),
  orPort: small(({ entry }) => entry.orPort),
  dirPort: small(({ entry }) => entry.dirPort),
  otherAddresses: text(({ entry }) => words(entry.otherAddresses)),
  flags: text(({ entry }) => words(entry.flags)),
  version: text(({ entry }) => entry.version),
  weight: number(({ entry }) => entry.weight),
  unmeasured: small(({ entry }) => Number(entry.unmeasured)),
  exitPolicy: text(({ entry }) => entry.exitPolicy),
  protocols: text(({ entry }) => entry.protocols),
  published: number(({ entry }) => seconds(entry.published)),
  observed: number(({ observed }) => observed),
  original: small(({ original }) => ORIGINAL_CLASSES.indexOf(original)),
  modern: small(({ modern }) => modern.reduce((bits, name) => bits | (classBits.get(name) ?? 0), 0)),
  place: text(({ place }) => placeText(place)),
  longitude: small(({ longitude }) => (longitude === null ? null : Math.round((longitude + HALF_TURN) * FINE))),
  latitude: small(({ latitude }) => (latitude === null ? null : Math.round((latitude + HALF_TURN) * FINE))),
  as: text(({ as }) => as && systemText(as)),
  // A family whose members all agree is a group; only the others are written down.
  group: small((relay, groups) => groups.get(relay) ?? null),
  family: text((relay, groups) => (groups.has(relay) || relay.family.length === 0 ? null : words(relay.family))),
  // Of the server descriptor; `declared` alone says whether there is one.
  declared: small(({ descriptor }) => (descriptor === null ? null : 1)),
  ownNickname: declared(({ nickname }) => nickname),
  ownAddress: declared(({ address }) => address),
  ownOrPort: declaredNumber(({ orPort }) => orPort),
  ownDirPort: declaredNumber(({ dirPort }) => dirPort),
  ownOtherAddresses: declared(({ otherAddresses }) => words(otherAddresses)),
  platform: declared(({ platform }) => platform),
  // As the consensus says, nearly always: then this one stays 0 from one descriptor to the next.
  ownPublished: declaredNumber(({ published }, { entry }) => fold(seconds(published - (entry.published ?? 0)))),
  // Stays the same from one descriptor to the next, where the uptime does not.
  started: declaredNumber((own) => (own.uptime === null ? null : fold(seconds(own.published) - own.uptime))),
  average: declaredNumber(({ bandwidth }) => bandwidth.average),
  burst: declaredNumber(({ bandwidth }) => bandwidth.burst),
  ownObserved: declaredNumber(({ bandwidth }, { observed }) => fold(bandwidth.observed - (observed ?? 0))),
  contact: declared(({ contact }) => contact),
  ownFamily: declared(({ family }) => words(family)),
  ownFamilyIds: declared(({ familyIds }) => words(familyIds)),
  policy: declared(({ exitPolicy }) => lines(exitPolicy)),
  policy6: declared(({ exitPolicy6 }) => exitPolicy6),
  hibernating: declaredNumber(({ hibernating }) => Number(hibernating)),
  ed25519: declared(({ ed25519 }) => ed25519),
  ownProtocols: declared(({ protocols }) => protocols),
  overloaded: declaredNumber(({ overloaded }) => seconds(overloaded)),
  // Of the microdescriptor; `micro` alone says whether there is one.
  micro: small(({ microdescriptor }) => (microdescriptor === null ? null : 1)),
  microOtherAddresses: micro(({ otherAddresses }) => words(otherAddresses)),
  microFamily: micro(({ family }) => words(family)),
  microFamilyIds: micro(({ familyIds }) => words(familyIds)),
  microPolicy: micro(({ exitPolicy }) => exitPolicy),
  microPolicy6: micro(({ exitPolicy6 }) => exitPolicy6),
  microEd25519: micro(({ ed25519 }) => ed25519),
}

/** How to get each column's value of a relay, in the same order. */
export const FIELDS: readonly Field[] = NAMES.map((name) => TABLE[name])

/** Added to coordinates, so that they are not negative: degrees. */
export const HALF_TURN = 180
/** Parts of a degree that coordinates are kept in: about a metre. */
export const FINE = 1e5

function seconds(ms: number): number
function seconds(ms: number | null): number | null
function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / 1000)
}

/** Any whole number as one that isn't negative. */
function fold(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

/** A place without the names of its parts. */
export type PlaceParts = readonly [
  Place['kind'],
  string | null,
  string | null,
  number | null,
  number | null,
  number | null,
]

function placeParts({ kind, country, city, longitude, latitude, radius }: Place): PlaceParts {
  return [kind, country, city, longitude, latitude, radius]
}
