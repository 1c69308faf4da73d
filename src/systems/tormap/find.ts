/** Finds relays of a map. Pure. */
import { addressBytes } from '#proto/netlink/address.ts'
import { COUNTRY_POINTS } from './geo/country-points.ts'
import { type Qualifier, type Term, parseQuery, wrong } from './query.ts'
import { MODERN_CLASSES, type MapRelay, ORIGINAL_CLASSES, type RelayMap } from './types.ts'
import { versionTest } from './version.ts'

type Test = (relay: MapRelay) => boolean

/** The relays that fit all of a query, in the map's order; throws NocError when the query makes no sense. */
export function find(map: RelayMap, query: string): readonly MapRelay[] {
  const tests = parseQuery(query).map((term) => testOf(term, map))
  return map.relays.filter((relay) => tests.every((test) => test(relay)))
}

function testOf({ qualifier, values, not }: Term, map: RelayMap): Test {
  const tests = values.map((value) => (qualifier === null ? word(value) : MAKERS[qualifier](value, map)))
  return (relay) => tests.some((test) => test(relay)) !== not
}

/** What each qualifier means; values are lower case. */
const MAKERS: Readonly<Record<Qualifier, (value: string, map: RelayMap) => Test>> = {
  nickname: (value) => (relay) => relay.entry.nickname.toLowerCase().includes(value),
  fingerprint: (value) => {
    const digits = fingerprintStart(value)
    if (digits === null) throw wrong(`asks for a fingerprint that is not hexadecimal: ${value}`)
    return (relay) => relay.entry.fingerprint.startsWith(digits)
  },
  address: (value) => {
    const test = addressTest(value)
    if (test === null) throw wrong(`asks for an address that is none: ${value}`)
    return (relay) => addressesOf(relay).some(test)
  },
  as: (value, map) => {
    if (map.asn === null && !map.relays.some((relay) => relay.as !== null)) {
      throw wrong('asks for an autonomous system, but this map was made without a database of them')
    }
    const number = /^(?:as)?(\d+)$/.exec(value)?.[1]
    if (number !== undefined) return (relay) => relay.as?.number === Number(number)
    return (relay) => relay.as?.name.toLowerCase().includes(value) === true
  },
  country: (value, map) => {
    if (map.geo === null && !map.relays.some((relay) => relay.place.country !== null)) {
      throw wrong('asks for a country, but this map was made without a geo database')
    }
    const code = countryCode(value)
    return (relay) => relay.place.country === code
  },
  family: (value, map) => {
    const digits = fingerprintStart(value)
    if (!map.relays.some((relay) => relay.descriptor !== null || relay.microdescriptor !== null)) {
      throw wrong('asks for a family, but this map was made without descriptors')
    }
    const named = map.relays.filter((relay) => isNamed(relay, value, digits))
    const all = new Set(named.flatMap((relay) => [relay.entry.fingerprint, ...relay.family]))
    return (relay) => all.has(relay.entry.fingerprint)
  },
  contact: (value, map) => {
    if (!map.relays.some((relay) => relay.descriptor !== null)) {
      throw wrong('asks for a contact, but this map was made without server descriptors')
    }
    return (relay) => contactHas(relay, value)
  },
  version: (value, map) => {
    const test = versionTest(value, map.consensus.serverVersions)
    return (relay) => relay.entry.version !== null && test(relay.entry.version)
  },
  flag: (value, map) => {
    const known = new Set([...map.consensus.knownFlags, ...map.relays.flatMap((relay) => relay.entry.flags)])
    const flag = [...known].find((name) => name.toLowerCase() === value)
    if (flag === undefined) throw wrong(`asks for a flag that no relay can have: ${value}; there are ${list(known)}`)
    return (relay) => relay.entry.flags.includes(flag)
  },
  class: (value) => {
    const original = ORIGINAL_CLASSES.find((name) => name.toLowerCase() === value)
    if (original !== undefined) return (relay) => relay.original === original
    const modern = MODERN_CLASSES.find((name) => name.toLowerCase() === value)
    if (modern !== undefined) return (relay) => relay.modern.includes(modern)
    throw wrong(
      `asks for a class that is not known: ${value}; there are ${list([...ORIGINAL_CLASSES, ...MODERN_CLASSES])}`,
    )
  },
}

/** A bare word: part of the nickname or contact, start of the fingerprint or of an address, or an AS number. */
function word(value: string): Test {
  const digits = fingerprintStart(value)
  const isAddress = addressTest(value)
  const system = /^as(\d+)$/.exec(value)?.[1]
  return (relay) =>
    isNamed(relay, value, digits) ||
    relay.entry.nickname.toLowerCase().includes(value) ||
    contactHas(relay, value) ||
    (system !== undefined && relay.as?.number === Number(system)) ||
    (isAddress !== null && addressesOf(relay).some(isAddress))
}

function isNamed({ entry }: MapRelay, nickname: string, digits: string | null): boolean {
  return (digits !== null && entry.fingerprint.startsWith(digits)) || entry.nickname.toLowerCase() === nickname
}

/** Digits from which on a word may be meant as the start of a fingerprint. */
const LEAST_DIGITS = 4

function fingerprintStart(value: string): string | null {
  const digits = value.replace(/^\$/, '').replaceAll(' ', '').toUpperCase()
  return /^[0-9A-F]{1,40}$/.test(digits) && digits.length >= LEAST_DIGITS ? digits : null
}

function contactHas({ descriptor }: MapRelay, value: string): boolean {
  return descriptor?.contact?.toLowerCase().includes(value) === true
}

/** All addresses, without the ports and brackets of the `a` lines. */
function addressesOf({ entry, descriptor, microdescriptor }: MapRelay): readonly string[] {
  const others = [entry.otherAddresses, microdescriptor?.otherAddresses ?? [], descriptor?.otherAddresses ?? []]
  return [entry.address, ...others.flat().map(host)]
}

/** `[2001:db8::1]:9001` and `192.0.2.1:9001` without what is not the address. */
function host(text: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1')
}

/** An address, a network (`192.0.2.0/24`), or the start of an IPv4 address's text; null for anything else. */
function addressTest(value: string): ((address: string) => boolean) | null {
  const [, start = '', length] = /^(.*?)(?:\/(\d{1,3}))?$/.exec(host(value)) ?? []
  const wanted = addressBytes(start)
  if (wanted === null) return /^\d[\d.]*$/.test(value) ? (address) => address.startsWith(value) : null
  const bits = length === undefined ? wanted.length * 8 : Number(length)
  if (bits > wanted.length * 8) return null
  return (address) => {
    const bytes = addressBytes(address)
    return bytes !== null && bytes.length === wanted.length && commonBits(bytes, wanted) >= bits
  }
}

function commonBits(a: Uint8Array, b: Uint8Array): number {
  const first = a.findIndex((byte, index) => byte !== b[index])
  return first < 0 ? a.length * 8 : first * 8 + Math.clz32((a[first] ?? 0) ^ (b[first] ?? 0)) - 24
}

/** ISO 3166-1 code of a code or of a country's English name. */
function countryCode(value: string): string {
  if (/^[a-z]{2}$/.test(value)) return value.toUpperCase()
  const names = new Intl.DisplayNames(['en'], { type: 'region' })
  const code = Object.keys(COUNTRY_POINTS).find((known) => names.of(known)?.toLowerCase() === value)
  if (code === undefined) throw wrong(`asks for a country that is not known: ${value}`)
  return code
}

function list(names: Iterable<string>): string {
  return [...names].join(', ')
}
