/** A relay on the map in words: for the tip and to be read aloud. */
import { plain } from '#core/plain.ts'
import { count } from '#core/units.ts'
import type { MapWire, NamesWire } from '../wire.ts'
import { MARKS } from './marks.ts'

let regions: Intl.DisplayNames | undefined

/** `Germany` for `DE`; the code itself where the browser knows no name. */
export function countryName(code: string): string {
  regions ??= new Intl.DisplayNames('en', { type: 'region', fallback: 'code' })
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : plain(code)
}

/** `Falkenstein, Germany, within 20 km` */
export function placeWords(map: MapWire, row: number): string {
  const { places, columns } = map
  const place = columns.place[row] ?? -1
  if (place < 0) return 'place unknown'
  const [code, city, radius] = [places.country[place], places.city[place], places.radius[place] ?? -1]
  const country = code ? countryName(code) : 'an unknown country'
  if (places.kind[place] === 'country') return `${country}, place not known`
  const where = city ? `${plain(city)}, ${country}` : country
  return radius > 0 ? `${where}, within ${count(radius)} km` : where
}

/** A relay in three short texts. `alike`: how many relays its dot stands for. */
export interface RelayWords {
  readonly name: string
  readonly what: string
  readonly where: string
}

/** What a relay's tip says. */
export function relayWords(map: MapWire, names: NamesWire | null, row: number, alike: number): RelayWords {
  const { columns, systems } = map
  const title = MARKS[columns.original[row] ?? -1]?.title ?? ''
  const as = systems[columns.as[row] ?? -1]
  return {
    name: plain(names?.nickname[row] ?? 'Relay'),
    what: [title, as ? plain(as.name) : '', alike > 1 ? `1 of ${count(alike)} here` : ''].filter(Boolean).join(' · '),
    where: placeWords(map, row),
  }
}
