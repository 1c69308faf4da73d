import type { AutonomousSystem, GeoSource, Place } from '../types.ts'

/** Tells where addresses are believed to be. */
export interface Geo {
  readonly source: GeoSource
  /** Of an IPv4 or IPv6 address; `none` when nothing is known or it is no address. */
  lookup(address: string): Place
  /** The same of many at once, where that is faster; in their order. */
  lookupAll?(addresses: readonly string[]): readonly Place[]
  /** Closes the database's files. */
  close?(): void
}

/** Tells who announces an address to the rest of the Internet. */
export interface AsnLookup {
  readonly source: GeoSource
  lookup(address: string): AutonomousSystem | null
  lookupAll?(addresses: readonly string[]): readonly (AutonomousSystem | null)[]
  close?(): void
}

/** The place of what nobody knows. */
export const NOWHERE: Place = {
  kind: 'none',
  country: null,
  city: null,
  longitude: null,
  latitude: null,
  radius: null,
}
