/**
 * Where the dot of a relay is drawn. Relays at one place are spread over a disc, each by its own fingerprint alone: so
 * no dot moves when others come or go, nor from hour to hour. Pure.
 */
import { COUNTRY_POINTS } from './geo/country-points.ts'
import type { Place } from './types.ts'

/** Widest disc around a city, km, however inaccurate the place: a dot must not look as if it were elsewhere. */
const CITY_KM = 25
/** Disc around a city whose accuracy is not known, km. */
const UNKNOWN_KM = 10
/** Widest disc of relays of which only the country is known, km; it lies within the country. */
const COUNTRY_KM = 150
/** Part of the distance to the nearest border that such a disc takes. */
const COUNTRY_PART = 0.8
/** Length of a degree of latitude, km (mean radius of the earth, 6371.0088 km). */
const KM_PER_DEGREE = 111.195
/** Beyond this latitude degrees of longitude are too short to spread over. */
const MAX_LATITUDE = 89

/** The point of a relay in degrees; null for an unknown place. */
export function spread(place: Place, fingerprint: string): { longitude: number; latitude: number } | null {
  const { longitude, latitude } = place
  if (longitude === null || latitude === null) return null
  const [first, second] = twoHashes(fingerprint)
  // The square root makes equal areas equally full.
  const distance = (discRadius(place) * Math.sqrt(first)) / KM_PER_DEGREE
  const angle = second * 2 * Math.PI
  const north = clamp(latitude + distance * Math.cos(angle))
  const east = longitude + (distance * Math.sin(angle)) / Math.cos((clamp(latitude) * Math.PI) / 180)
  return { longitude: wrap(east), latitude: north }
}

/** Radius of the disc over which the relays of a place are spread, km. */
export function discRadius({ kind, country, radius }: Place): number {
  if (kind === 'city') return Math.min(radius ?? UNKNOWN_KM, CITY_KM)
  return Math.min((COUNTRY_POINTS[country ?? '']?.[2] ?? 0) * COUNTRY_PART, COUNTRY_KM)
}

/** Two numbers from 0 to 1 by FNV-1a, well mixed (the end of MurmurHash3): fingerprints can be chosen to look alike. */
function twoHashes(text: string): readonly [number, number] {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return [mixed(hash) / 2 ** 32, mixed(hash ^ 0x5bd1e995) / 2 ** 32]
}

function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}

function clamp(latitude: number): number {
  return Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude))
}

function wrap(longitude: number): number {
  if (longitude > 180) return longitude - 360
  return longitude < -180 ? longitude + 360 : longitude
}
