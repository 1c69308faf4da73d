/** The language of `noc tormap find`: words and `qualifier:value`, all of which a relay must fit. Pure. */
import { NocError, exitCode } from '#core/errors.ts'
import { addressBytes } from '#proto/netlink/address.ts'

/** What can be asked for by name. */
export const QUALIFIERS = [
  'nickname',
  'fingerprint',
  'address',
  'as',
  'country',
  'family',
  'contact',
  'version',
  'flag',
  'class',
] as const
export type Qualifier = (typeof QUALIFIERS)[number]

/** One part of a query. */
export interface Term {
  /** null: a bare word, looked for wherever it makes sense. */
  readonly qualifier: Qualifier | null
  /** Any of these, lower case; never empty. */
  readonly values: readonly string[]
  /** `-flag:exit`: relays that don't fit. */
  readonly not: boolean
}

/** Longest query, characters; whoever needs more can filter the JSON. */
const MAX_QUERY = 1000

// An optional minus, an optional qualifier, then text in which quotes keep blanks and commas.
const TERM = /(-?)(?:([a-z]+):)?((?:"[^"]*"|[^\s"])+)/giy
const BLANKS = /\s*/y

/** Takes a query apart; throws NocError when it makes no sense. */
export function parseQuery(text: string): readonly Term[] {
  if (text.length > MAX_QUERY) throw wrong(`is longer than ${MAX_QUERY} characters`)
  if (text.split('"').length % 2 === 0) throw wrong('has a quote that is not closed')
  const terms: Term[] = []
  let position = skipBlanks(text, 0)
  while (position < text.length) {
    TERM.lastIndex = position
    const match = TERM.exec(text)
    if (match === null) throw wrong(`has a part that can't be read: ${text.slice(position)}`)
    terms.push(termOf(match))
    position = skipBlanks(text, TERM.lastIndex)
  }
  if (terms.length === 0) throw wrong('is empty')
  return terms
}

function skipBlanks(text: string, from: number): number {
  BLANKS.lastIndex = from
  BLANKS.exec(text)
  return BLANKS.lastIndex
}

function termOf([whole, minus = '', name, rest = '']: RegExpExecArray): Term {
  const not = minus === '-'
  const word = not ? whole.slice(1) : whole
  // The colon of an IPv6 address is no qualifier's.
  const isAddress = addressBytes(word.replace(/^\[|\](?::\d+)?$/g, '')) !== null
  if (name === undefined || isAddress) {
    const value = unquoted(word)
    if (/^(?:[a-z]+:)?$/.test(value)) throw wrong(`says nothing in ${word}`)
    return { qualifier: null, values: [value], not }
  }
  const qualifier = QUALIFIERS.find((known) => known === name.toLowerCase())
  if (qualifier === undefined) throw wrong(`has a qualifier that is not known: ${name}`)
  // Quotes keep commas together: contact:"Doe, John".
  const values = (rest.match(/(?:"[^"]*"|[^",])+/g) ?? []).map(unquoted).filter((value) => value !== '')
  if (values.length === 0) throw wrong(`says nothing after ${name}:`)
  return { qualifier, values, not }
}

function unquoted(text: string): string {
  return text.replaceAll('"', '').toLowerCase()
}

/** An error of a query that says how to ask. */
export function wrong(what: string): NocError {
  return new NocError('NOC_TORMAP_QUERY', `The query ${what}.`, {
    exit: exitCode.usage,
    hint: `Words, and ${QUALIFIERS.map((name) => `${name}:`).join(' ')} as in: country:de,at flag:exit -version:0.4.8 contact:"jane doe"`,
  })
}
