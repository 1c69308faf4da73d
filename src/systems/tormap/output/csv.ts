import type { MapRelay, Place, RelayMap } from '../types.ts'
import { encode } from './encode.ts'
import { once } from './once.ts'
import { fourDecimals, isoTime, stamp } from './sentences.ts'

const HEAD =
  'fingerprint,nickname,class,modernClasses,address,orPort,dirPort,otherAddresses,flags,weight,unmeasured,observed,' +
  'version,platform,contact,exitPolicy,placeKind,country,city,longitude,latitude,radius,asNumber,asName,family,' +
  'validAfter,verified\r\n'

/** One row a relay (RFC 4180); every row says of which hour it is and whether that was verified, so rows can be mixed. */
export function csv(map: RelayMap): Uint8Array {
  return encode(csvRows(map))
}

/** The same row by row. */
export function* csvRows(map: RelayMap): Generator<string> {
  const { good, authorities } = map.verification
  const end = `${isoTime(map.consensus.validAfter)},${stamp(map) ?? `${good} of ${authorities}`}\r\n`
  yield HEAD
  const row = rowMaker()
  for (const relay of map.relays) yield row(relay) + end
}

/** Makes rows without their end. */
function rowMaker(): (relay: MapRelay) => string {
  const words = once((list: readonly string[]) => `${cell(list.join(' '))},`)
  const shared = once((text: string | null) => `${cell(text)},`)
  const where = once(({ kind, country, city }: Place) => `${kind},${cell(country)},${cell(city)},`)
  return ({ entry, descriptor, microdescriptor, observed, place, longitude, latitude, as, family, ...relay }) =>
    `${entry.fingerprint},${cell(entry.nickname)},${relay.original},${words(relay.modern)}${cell(entry.address)},` +
    `${entry.orPort},${entry.dirPort},${cell(entry.otherAddresses.join(' '))},${words(entry.flags)}` +
    `${entry.weight},${entry.unmeasured},${observed ?? ''},${shared(entry.version)}` +
    `${shared(descriptor?.platform ?? null)}${cell(descriptor?.contact)},` +
    `${shared(entry.exitPolicy ?? microdescriptor?.exitPolicy ?? null)}${where(place)}` +
    `${longitude === null ? '' : fourDecimals(longitude)},${latitude === null ? '' : fourDecimals(latitude)},` +
    `${place.radius ?? ''},${as?.number ?? ''},${shared(as?.name ?? null)}${family.join(' ')},`
}

/** Nearly every text: nothing to quote, nothing to leave out. Asked first, as the rest is slow. */
const SIMPLE = /^(?:[\w.:[/][ !#-+\--~]*)?$/
/** What a spreadsheet takes for a formula (or for the gap before one). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/
const QUOTED = /[",\r\n]/
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** A text's cell; one that a spreadsheet would run gets an apostrophe before it, control characters are left out. */
function cell(text: string | null | undefined): string {
  if (text === null || text === undefined) return ''
  if (SIMPLE.test(text)) return text
  const clean = text.replace(CONTROL, '')
  const safe = FORMULA.test(clean) ? `'${clean}` : clean
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
