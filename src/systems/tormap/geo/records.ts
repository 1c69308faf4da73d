/**
 * What the records of a geo database mean, in the nested schema of MaxMind (`country.iso_code`, `location.latitude`)
 * and in the flat ones of everybody else (`country_code`, `latitude` or `lat`). Pure.
 */
import type { AutonomousSystem, Place } from '../types.ts'
import { COUNTRY_POINTS } from './country-points.ts'
import { NOWHERE } from './geo.ts'
import type { MmdbRecord, MmdbValue, Wanted } from './mmdb-decoder.ts'

/** Longest name of a city or an autonomous system that is kept, characters. */
const MAX_NAME = 200

/** The keys that `placeOf` looks at. */
export const PLACE_KEYS: Wanted = {
  city: { names: { en: true } },
  country: { iso_code: true },
  location: { latitude: true, longitude: true, accuracy_radius: true },
  postal: {},
  country_code: true,
  latitude: true,
  longitude: true,
  lat: true,
  lng: true,
  lon: true,
  accuracy_radius: true,
  postcode: true,
}

/** The keys that `systemOf` looks at. */
export const SYSTEM_KEYS: Wanted = {
  autonomous_system_number: true,
  autonomous_system_organization: true,
  asn: true,
  as_name: true,
  as_organization: true,
  name: true,
  organization: true,
}

/**
 * Where a record says that an address is. A record with neither city nor postal code has a point of its country's: it
 * is known by country only, whatever its coordinates.
 */
export function placeOf(record: MmdbRecord): Place {
  const nested = (key: string): MmdbRecord => map(record[key])
  const location = nested('location')
  const code = text(nested('country')['iso_code']) ?? text(record['country_code']) ?? text(record['country'])
  const country = code !== null && /^[A-Za-z]{2}$/.test(code) ? code.toUpperCase() : null
  const city = text(map(nested('city')['names'])['en']) ?? text(record['city'])
  const precise = city !== null || record['postal'] !== undefined || text(record['postcode']) !== null
  const longitude = degrees(location['longitude'] ?? record['longitude'] ?? record['lng'] ?? record['lon'], 180)
  const latitude = degrees(location['latitude'] ?? record['latitude'] ?? record['lat'], 90)
  // 0,0 is in the sea; databases that know nothing write it.
  const somewhere = longitude !== null && latitude !== null && (longitude !== 0 || latitude !== 0)
  if (!precise || !somewhere) return countryPlace(country)
  const radius = finite(location['accuracy_radius'] ?? record['accuracy_radius'])
  return { kind: 'city', country, city, longitude, latitude, radius: radius !== null && radius > 0 ? radius : null }
}

/** The place of what is known by country only; `none` for a code that is no country (`EU`, `AP`). */
export function countryPlace(country: string | null): Place {
  const point = country === null || !Object.hasOwn(COUNTRY_POINTS, country) ? undefined : COUNTRY_POINTS[country]
  if (point === undefined) return NOWHERE
  return { kind: 'country', country, city: null, longitude: point[0], latitude: point[1], radius: null }
}

/** Who a record says announces an address. Numbers come as 24940, "24940" and "AS24940". */
export function systemOf(record: MmdbRecord): AutonomousSystem | null {
  const given = record['autonomous_system_number'] ?? record['asn']
  const number = typeof given === 'string' ? Number(given.replace(/^AS/i, '')) : finite(given)
  if (number === null || !Number.isInteger(number) || number <= 0 || number > 0xffff_ffff) return null
  const keys = ['autonomous_system_organization', 'as_name', 'as_organization', 'organization', 'name'] as const
  const name = keys.map((key) => text(record[key])).find((found) => found !== null)
  return { number, name: name ?? `AS${number}` }
}

function map(value: MmdbValue | undefined): MmdbRecord {
  return typeof value === 'object' && !Array.isArray(value) ? (value as MmdbRecord) : {}
}

function text(value: MmdbValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME) : null
}

function finite(value: MmdbValue | undefined): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** Four decimals are 11 m; what floats have beyond is noise. */
function degrees(value: MmdbValue | undefined, most: number): number | null {
  const number = finite(value)
  return number === null || Math.abs(number) > most ? null : Math.round(number * 1e4) / 1e4
}
