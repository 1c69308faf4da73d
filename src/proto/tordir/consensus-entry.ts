/**
 * The lines of one relay in a consensus. Source: dir-spec 3.4.1. One pattern reads a whole relay as authorities write it:
 * in a process that has just begun, three times as fast as a look at each line. Lines in another order, and lines that
 * nobody knows, are legal too: such a relay is put in order first, and what is wrong with a relay is found on that way.
 */
import { BASE64_LAST, IPV4 } from './lexer-fields.ts'
import { type Lexer, argumentText, expectNoObject, fail, ignoreUnknown, step } from './lexer.ts'
import type { Flavour } from './types.ts'

/** All lines of one relay; the longest real one has 1,200 bytes. */
const MAX_ENTRY_BYTES = 16 * 1024
/** `a` lines of one relay. Real ones have one. */
const MAX_OTHER_ADDRESSES = 16

/** The line behind the last relay. */
export const FOOTER = 'directory-footer'
const NICKNAME = '[A-Za-z0-9]{1,19}'
/** 20 and 32 bytes in base64; that the characters are of its alphabet is checked when they are decoded. */
const DIGEST_20 = `\\S{26}${BASE64_LAST}`
const DIGEST_32 = `\\S{42}${BASE64_LAST}`
const PORT = '(?:0|[1-9]\\d{0,4})'
const ANY = '[^\\n]*'

/** The words of an `r` line: what each is called, and what it must be. The digest is missing in `microdesc`. */
const WORDS = [
  ['nickname', NICKNAME],
  ['identity', DIGEST_20],
  ['digest', DIGEST_20],
  ['date', '\\d{4}-[01]\\d-[0-3]\\d'],
  ['time', '(?:[01]\\d|2[0-3])(?::[0-5]\\d){2}'],
  ['address', IPV4],
  ['port for circuits', PORT],
  ['port for the directory', PORT],
] as const
const wordsOf = (flavour: Flavour): readonly (readonly [string, string])[] =>
  WORDS.filter(([name]) => flavour === 'ns' || name !== 'digest')

/** Arguments of the lines behind it. */
const ARGUMENTS = {
  a: ANY,
  m: `(${DIGEST_32})(?: ${ANY})?`,
  s: ANY,
  v: ANY,
  pr: `(${ANY})`,
  w: `Bandwidth=(0|[1-9]\\d{0,9})(?: (${ANY}))?`,
  p: `(${ANY})`,
} as const
type Keyword = keyof typeof ARGUMENTS
/** Their order, and which a relay must have. */
const ORDER: Readonly<Record<Flavour, readonly Keyword[]>> = {
  ns: ['a', 's', 'v', 'pr', 'w', 'p'],
  microdesc: ['a', 'm', 's', 'v', 'pr', 'w'],
}
const MUST: ReadonlySet<Keyword> = new Set(['m', 's'])

const PATTERN: Readonly<Record<Flavour, RegExp>> = { ns: pattern('ns'), microdesc: pattern('microdesc') }

/** What the groups of a relay's pattern hold; those that a flavour lacks are empty, or undefined as missing lines are. */
export const GROUP = {
  nickname: 1,
  identity: 2,
  /** In `ns`. */
  descriptor: 3,
  day: 4,
  clock: 5,
  address: 6,
  orPort: 7,
  dirPort: 8,
  /** Whole `a` lines. */
  others: 9,
  /** In `microdesc`. */
  microdescriptor: 10,
  /** The whole `s` line, and the `v` line when there is one. */
  flagsAndVersion: 11,
  protocols: 12,
  weight: 13,
  weightWords: 14,
  policy: 15,
} as const

function pattern(flavour: Flavour): RegExp {
  const words = WORDS.map(([name, word]) => (flavour === 'ns' || name !== 'digest' ? `(${word}) ` : '()'))
  const lines = (Object.keys(ARGUMENTS) as Keyword[]).map((keyword) => {
    const line = `${keyword} ${ARGUMENTS[keyword]}\\n`
    if (!ORDER[flavour].includes(keyword)) return '()'
    if (keyword === 'a') return `((?:${line}){0,${MAX_OTHER_ADDRESSES}})`
    // Few relays differ in both: one text to look up, not two.
    if (keyword === 's') return `(${line}`
    if (keyword === 'v') return `(?:${line})?)`
    return MUST.has(keyword) ? line : `(?:${line})?`
  })
  // A relay ends where the next one or the footer begins; whatever else comes needs a closer look.
  return new RegExp(`r ${words.join('').trimEnd()}(?: ${ANY})?\\n${lines.join('')}(?=r |${FOOTER}\\n)`, 'y')
}

/** A relay's lines, as groups: see GROUP. */
export type Entry = RegExpExecArray

/** Reads the relay that begins at an offset, up to `lx.next`; null when that is the footer. */
export function readEntry(lx: Lexer, flavour: Flavour, from: number): Entry | null {
  const pattern = PATTERN[flavour]
  pattern.lastIndex = from
  const groups = pattern.exec(lx.text)
  if (groups === null) return readOddEntry(lx, flavour, from)
  lx.next = pattern.lastIndex
  checkLength(lx, from, lx.next)
  return groups
}

/** A relay whose lines have to be put in order first. */
function readOddEntry(lx: Lexer, flavour: Flavour, from: number): Entry | null {
  lx.next = from
  step(lx)
  if (lx.keyword === FOOTER) return null
  const lines = putInOrder(lx, flavour)
  const pattern = PATTERN[flavour]
  pattern.lastIndex = 0
  lx.next = lx.offset
  return pattern.exec(`${lines}${FOOTER}\n`) ?? fail(lx, 'the relay is not as it should be', from)
}

function checkLength(lx: Lexer, from: number, end: number): void {
  if (end - from > MAX_ENTRY_BYTES) fail(lx, `the relay has more than ${MAX_ENTRY_BYTES} bytes`, from)
}

/** The relay's lines in the order of the pattern, without those that nobody knows. Refuses what no order makes right. */
function putInOrder(lx: Lexer, flavour: Flavour): string {
  const from = lx.offset
  const known = new Set<string>(ORDER[flavour])
  const lines = new Map<string, string[]>()
  checkWords(lx, flavour)
  const first = `r ${argumentText(lx)}\n`
  for (step(lx); lx.keyword !== 'r' && lx.keyword !== FOOTER; step(lx)) {
    const { keyword } = lx
    checkLength(lx, from, lx.offset)
    if (known.has(keyword)) {
      expectNoObject(lx)
      checkArguments(lx, ARGUMENTS[keyword as Keyword])
      const before = lines.get(keyword) ?? []
      if (before.length === (keyword === 'a' ? MAX_OTHER_ADDRESSES : 1))
        fail(lx, `the relay has too many ${keyword} lines`)
      lines.set(keyword, [...before, `${keyword} ${argumentText(lx)}\n`])
    } else ignoreUnknown(lx)
  }
  checkLength(lx, from, lx.offset)
  const missing = ORDER[flavour].find((keyword) => MUST.has(keyword) && !lines.has(keyword))
  if (missing !== undefined) fail(lx, `the relay has no ${missing} line`, from)
  return `${first}${ORDER[flavour].flatMap((keyword) => lines.get(keyword) ?? []).join('')}`
}

function checkArguments(lx: Lexer, pattern: string): void {
  if (!new RegExp(`^${pattern}$`).test(argumentText(lx)))
    fail(lx, `the relay's ${lx.keyword} line is not as it should be`)
}

/** Says which word of an `r` line is wrong. */
function checkWords(lx: Lexer, flavour: Flavour): void {
  expectNoObject(lx)
  const words = argumentText(lx).split(' ')
  let offset = lx.args
  for (const [index, [name, pattern]] of wordsOf(flavour).entries()) {
    const word = words[index]
    if (word === undefined) return fail(lx, `the relay has no ${name}`, lx.end)
    if (!new RegExp(`^${pattern}$`).test(word)) fail(lx, `the relay's ${name} is not valid`, offset)
    offset += word.length + 1
  }
}
