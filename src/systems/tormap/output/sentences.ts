/** What the outputs say of the map as a whole, and of one relay's place. */
import type { Place, RelayMap } from '../types.ts'
import { timeText, verifiedText } from '../words.ts'

/** What must be said across a map that is not to be believed as it is; null for a verified one. */
export function stamp({ sample, verification }: RelayMap): 'SAMPLE' | 'UNVERIFIED' | null {
  if (sample) return 'SAMPLE'
  return verification.state === 'good' ? null : 'UNVERIFIED'
}

/** `Tor relays, 2022-11-19 10:00 UTC`, with the stamp before it. */
export function title(map: RelayMap): string {
  const mark = stamp(map)
  return `${mark === null ? '' : `${mark}: `}Tor relays, ${timeText(map.consensus.validAfter)}`
}

/** How far the map can be believed. */
export function verifiedSentence({ sample, verification }: RelayMap): string {
  return sample
    ? 'SAMPLE: these relays are invented, and so are the authorities that signed them.'
    : verifiedText(verification)
}

/** `Places: GeoLite2-City, built 2026-09-18, CC BY-SA 4.0. ...`: the line that the licence of the places wants. */
export function geoSentence({ geo }: RelayMap): string {
  if (geo === null) return 'No geo database was used: the relays have no places.'
  const built = geo.built === null ? '' : `, built ${new Date(geo.built).toISOString().slice(0, 10)}`
  return [`Places: ${geo.name}${built}, ${geo.licence}`, geo.attribution, geo.warning ?? '']
    .filter((part) => part !== '')
    .map((part) => (part.endsWith('.') ? part : `${part}.`))
    .join(' ')
}

/** `Falkenstein, DE, within 20 km`, as certain as it is. */
export function placeWords({ kind, country, city, radius }: Place): string {
  if (kind === 'none') return 'unknown'
  const where = [kind === 'city' ? (city ?? 'city unnamed') : 'city unknown', country ?? 'country unknown'].join(', ')
  return radius === null ? where : `${where}, within ${radius} km`
}

/** `2022-11-19T10:00:00Z` */
export function isoTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** Degrees with four decimals: ten metres, which is better than any database. */
export function fourDecimals(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000
}
