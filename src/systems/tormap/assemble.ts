/** Brings together what is known of every relay at one hour. Pure, but for the databases that it is handed. */
import type { Consensus, Microdescriptor, RelayEntry, ServerDescriptor, Verification } from '#proto/tordir/types.ts'
import { modernClasses, originalClass } from './classes.ts'
import { families } from './families.ts'
import { type AsnLookup, type Geo, NOWHERE } from './geo/geo.ts'
import { lookupAll } from './placed.ts'
import { spread } from './spread.ts'
import type { AutonomousSystem, MapRelay, Place, RelayMap } from './types.ts'

/** What a source other than descriptors and databases says of a relay (Onionoo); undefined: it says nothing. */
export interface Told {
  readonly observed?: number | null
  readonly place?: Place
  readonly as?: AutonomousSystem | null
}

/** All that a map is made from. */
export interface MapParts {
  readonly consensus: Consensus
  readonly verification: Verification
  readonly sample?: boolean
  readonly microdescriptors?: readonly Microdescriptor[]
  readonly descriptors?: readonly ServerDescriptor[]
  readonly geo: Geo | null
  readonly asn: AsnLookup | null
  /** First hour of the history in which a relay was seen, ms since 1970. */
  readonly firstSeen?: (fingerprint: string) => number | null
  readonly told?: (fingerprint: string) => Told | undefined
}

/** The map of one hour. */
export function assemble(parts: MapParts): RelayMap {
  const { consensus, verification, geo, asn, told } = parts
  const { relays: entries, ...rest } = consensus
  const addresses = entries.map((entry) => entry.address)
  const places = geo === null ? null : askAll(geo, addresses)
  const systems = asn === null ? null : askAll(asn, addresses)
  const documents = documentsOf(parts)
  const described = entries.map((entry) => documents(entry))
  const familyOf = families(entries, described)
  const { firstSeen: seenAt } = parts
  const firstSeen = seenAt === undefined ? [] : entries.map(({ fingerprint }) => seenAt(fingerprint))
  const start = historyStart(firstSeen)

  const relay = (entry: RelayEntry, index: number): MapRelay => {
    const { descriptor, microdescriptor } = described[index] ?? UNDESCRIBED
    const word = told?.(entry.fingerprint)
    const observed = descriptor?.bandwidth.observed ?? word?.observed ?? null
    const place = word?.place ?? places?.[index] ?? NOWHERE
    const dot = spread(place, entry.fingerprint)
    const seen = firstSeen[index] ?? null
    return {
      entry,
      descriptor,
      microdescriptor,
      observed,
      place,
      longitude: dot?.longitude ?? null,
      latitude: dot?.latitude ?? null,
      as: word?.as ?? systems?.[index] ?? null,
      original: originalClass(entry, observed),
      modern: modernClasses(entry, {
        otherAddresses:
          descriptor === null && microdescriptor === null
            ? entry.otherAddresses
            : entry.otherAddresses.concat(microdescriptor?.otherAddresses ?? [], descriptor?.otherAddresses ?? []),
        firstSeen: seen === start ? null : seen,
        validAfter: consensus.validAfter,
      }),
      family: familyOf(entry.fingerprint),
    }
  }

  return {
    consensus: rest,
    flavour: consensus.flavour,
    verification,
    sample: parts.sample ?? false,
    geo: geo?.source ?? null,
    asn: asn?.source ?? null,
    relays: entries.map(relay),
  }
}

/** What a database says of each address. */
function askAll<T>(database: LookupTable<T>, addresses: readonly string[]): readonly T[] {
  return database.lookupAll?.(addresses) ?? lookupAll(addresses, (address) => database.lookup(address))
}

interface LookupTable<T> {
  lookup(address: string): T
  lookupAll?(addresses: readonly string[]): readonly T[]
}

/** What its own documents say of a relay; both are null when none is there. */
export interface Documents {
  readonly descriptor: ServerDescriptor | null
  readonly microdescriptor: Microdescriptor | null
}

const UNDESCRIBED: Documents = { descriptor: null, microdescriptor: null }

/**
 * Finds a relay's documents. Microdescriptors by the digest that the consensus names; server descriptors by their
 * relay, whose key has signed them: the named one first, else the newest.
 */
function documentsOf({ consensus, microdescriptors = [], descriptors = [] }: MapParts): (e: RelayEntry) => Documents {
  const small = new Map(microdescriptors.map((document) => [document.digest, document]))
  const named = new Map(descriptors.map((document) => [document.digest, document]))
  const newest = new Map<string, ServerDescriptor>()
  for (const document of descriptors) {
    const other = newest.get(document.fingerprint)
    if (other === undefined || other.published < document.published) newest.set(document.fingerprint, document)
  }
  const isNs = consensus.flavour === 'ns'
  return ({ digest, fingerprint }) => {
    const descriptor = (isNs ? named.get(digest) : undefined) ?? newest.get(fingerprint) ?? null
    const microdescriptor = isNs ? null : (small.get(digest) ?? null)
    return descriptor === null && microdescriptor === null ? UNDESCRIBED : { descriptor, microdescriptor }
  }
}

/** Relays of the very first hour of a history may be of any age: nobody looked before. */
function historyStart(firstSeen: readonly (number | null)[]): number | null {
  let start: number | null = null
  for (const at of firstSeen) if (at !== null && (start === null || at < start)) start = at
  return start
}
