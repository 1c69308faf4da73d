/**
 * The search of the page over the columns that are here, without asking anybody: the language of `noc tormap find`,
 * but what no column says is left to the source. Pure.
 */
import { fingerprintOf, rowOf } from './map/rows.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES } from './types.ts'
import type { MapWire, NamesWire } from './wire.ts'

/** What can stand before a colon, each as an example. */
export const QUALIFIERS: Readonly<Record<string, string>> = {
  nickname: 'nickname:quiet',
  fingerprint: 'fingerprint:0A1B2C',
  address: 'address:192.0.2.0/24',
  as: 'as:AS64496',
  country: 'country:de,at',
  family: 'family:FINGERPRINT',
  flag: '-flag:Guard',
  class: 'class:badExit',
  version: 'version:0.4.8',
  contact: 'contact:"jane doe"',
}

/** One part of a query. */
export interface Term {
  /** null: a word without a qualifier. */
  readonly key: string | null
  /** Any of these, lower case. */
  readonly values: readonly string[]
  /** `-flag:exit`: relays that don't fit. */
  readonly not: boolean
}

/** Takes a query apart as it is typed: what is not finished or makes no sense is looked for as it stands. */
export function parseQuery(text: string): readonly Term[] {
  const found = text.matchAll(/(-?)(?:([a-z]+):)?((?:"[^"]*"?|[^\s"])*)/gi)
  return [...found].flatMap(([whole, minus, name, rest = '']): Term[] => {
    const key = name?.toLowerCase()
    const known = key !== undefined && Object.hasOwn(QUALIFIERS, key)
    const parts = known ? (rest.match(/(?:"[^"]*"?|[^",])+/g) ?? []) : [whole.slice(minus?.length)]
    const values = parts.map((part) => part.replaceAll('"', '').toLowerCase()).filter((value) => value !== '')
    return values.length === 0 ? [] : [{ key: known ? key : null, values, not: minus === '-' }]
  })
}

/** Whether a term asks for what is in no column: what descriptors say, and IPv6. */
export function isElsewhere({ key, values }: Term): boolean {
  return key === 'contact' || key === 'version' || (key === 'address' && values.some((value) => value.includes(':')))
}

type Test = (row: number) => boolean

function inCountry(map: MapWire, value: string): Test {
  const names = new Intl.DisplayNames(['en'], { type: 'region' })
  const fits = map.places.country.map(
    (code) => code !== null && (code.toLowerCase() === value || names.of(code)?.toLowerCase() === value),
  )
  return (row) => fits[map.columns.place[row] ?? -1] ?? false
}

function inSystem(map: MapWire, value: string): Test {
  const number = /^(?:as)?(\d+)$/.exec(value)?.[1]
  const fits = map.systems.map((system) =>
    number === undefined ? system.name.toLowerCase().includes(value) : system.number === Number(number),
  )
  return (row) => fits[map.columns.as[row] ?? -1] ?? false
}

function inFamily({ columns }: MapWire, names: NamesWire, value: string): Test {
  const own = rowOf(names, value.replace(/^\$/, '').toUpperCase())
  const rows = own === null ? names.nickname.flatMap((name, row) => (name.toLowerCase() === value ? [row] : [])) : [own]
  const families = new Set(rows.map((row) => columns.family[row] ?? 0).filter((family) => family > 0))
  return (row) => families.has(columns.family[row] ?? 0) || rows.includes(row)
}

function inClass({ columns }: MapWire, value: string): Test {
  const original = ORIGINAL_CLASSES.findIndex((name) => name.toLowerCase() === value)
  const modern = MODERN_CLASSES.findIndex((name) => name.toLowerCase() === value)
  if (modern >= 0) return (row) => ((columns.modern[row] ?? 0) & (1 << modern)) !== 0
  return (row) => original >= 0 && columns.original[row] === original
}

function withFlag({ columns, flags }: MapWire, value: string): Test {
  const bit = flags.findIndex((flag) => flag.toLowerCase() === value)
  return (row) => bit >= 0 && ((columns.flags[row] ?? 0) & (1 << bit)) !== 0
}

function number4(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}

/** `192.0.2.0/24`, or the start of an address. */
function atAddress({ address }: NamesWire, value: string): Test {
  const [, start = '', length] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(value) ?? []
  if (length === undefined) return (row) => address[row]?.startsWith(value) ?? false
  const rest = 2 ** (32 - Number(length))
  const wanted = Math.floor(number4(start) / rest)
  return (row) => Math.floor(number4(address[row] ?? '') / rest) === wanted
}

function startsFingerprint(names: NamesWire, value: string): Test {
  const start = value.replace(/^\$/, '').replaceAll(' ', '').toUpperCase()
  return (row) => fingerprintOf(names, row).startsWith(start)
}

function testOf(map: MapWire, names: NamesWire, key: string | null, value: string): Test {
  const named: Test = (row) => names.nickname[row]?.toLowerCase().includes(value) ?? false
  if (key === 'nickname') return named
  if (key === 'fingerprint') return startsFingerprint(names, value)
  if (key === 'address') return atAddress(names, value)
  if (key === 'as') return inSystem(map, value)
  if (key === 'country') return inCountry(map, value)
  if (key === 'family') return inFamily(map, names, value)
  if (key === 'flag') return withFlag(map, value)
  if (key === 'class') return inClass(map, value)
  const tests = [named]
  if (/^\d[\d./]*$/.test(value)) tests.push(atAddress(names, value))
  if (/^\$?[0-9a-f]{4,40}$/.test(value)) tests.push(startsFingerprint(names, value))
  if (/^as\d+$/.test(value)) tests.push(inSystem(map, value))
  return (row) => tests.some((test) => test(row))
}

/** Rows that every term fits, but for those that only the source can judge. */
export function matchRows(map: MapWire, names: NamesWire, terms: readonly Term[]): readonly number[] {
  const tests = terms
    .filter((term) => !isElsewhere(term))
    .map(({ key, values, not }): Test => {
      const any = values.map((value) => testOf(map, names, key, value))
      return (row) => any.some((test) => test(row)) !== not
    })
  const rows: number[] = []
  for (let row = 0; row < names.nickname.length; row += 1) if (tests.every((test) => test(row))) rows.push(row)
  return rows
}
