/** Files of many small documents, one after the other: descriptors of relays as servers send and tor caches them. */
import { reasonOf } from '#core/errors.ts'
import { TordirError } from './error.ts'
import {
  type Lexer,
  MAX_DOCUMENT_BYTES,
  advance,
  argumentText,
  argumentWords,
  expectNoObject,
  fail,
  ignoreUnknown,
  lexer,
} from './lexer.ts'
import { isAddressPort, isPolicySummary, parseTime } from './lexer-fields.ts'

/** Many times the relays there are. */
const MAX_DOCUMENTS = 100_000
/** As many bad ones are no accident; what follows them is not read. */
const MAX_REFUSED = 10_000

/** What a file of documents held: those that are good, and where the others begin. */
export interface Documents<T> {
  readonly documents: readonly T[]
  readonly refused: readonly { readonly offset: number; readonly why: string }[]
}

export interface DocumentKind<T> {
  /** What every document begins with: `router `. */
  readonly start: string
  readonly maxBytes: number
  /** Throws a TordirError. */
  readonly parse: (lx: Lexer) => T
}

/** Reads one document after the other; what is wrong with one of them is no harm to the others. */
export function readDocuments<T>(bytes: Uint8Array, kind: DocumentKind<T>): Documents<T> {
  const documents: T[] = []
  const refused: { offset: number; why: string }[] = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length > MAX_DOCUMENT_BYTES) {
    return { documents, refused: [{ offset: 0, why: `there are more than ${MAX_DOCUMENT_BYTES} bytes` }] }
  }
  for (let from = 0, to = 0; from < buffer.length; from = to) {
    const next = buffer.indexOf(`\n${kind.start}`, from)
    to = next < 0 ? buffer.length : next + 1
    if (documents.length === MAX_DOCUMENTS || refused.length === MAX_REFUSED) {
      refused.push({ offset: from, why: 'there are too many documents, or too many bad ones: the rest is not read' })
      break
    }
    const document = withoutNotes(buffer.subarray(from, to))
    if (document.length === 0) continue
    try {
      documents.push(parseOne(document, kind))
    } catch (error) {
      if (!(error instanceof TordirError)) throw error
      refused.push({ offset: from + error.offset, why: reasonOf(error) })
    }
  }
  return { documents, refused }
}

function parseOne<T>(document: Uint8Array, { start, maxBytes, parse }: DocumentKind<T>): T {
  const at = { line: 1, offset: 0 }
  if (!Buffer.from(document.subarray(0, start.length)).equals(Buffer.from(start))) {
    throw new TordirError(`there is no ${JSON.stringify(start.trim())} where a document should begin`, at)
  }
  if (document.length > maxBytes) throw new TordirError(`the document has more than ${maxBytes} bytes`, at)
  return parse(lexer(document))
}

/**
 * Without what stands between documents: lines that begin with `@`, notes of a cache about the next one, and empty
 * lines, which authorities send behind their own descriptors.
 */
function withoutNotes(document: Uint8Array): Uint8Array {
  let end = document.length
  for (let at = end - 1; at >= 0; at--) {
    const isLineStart = at === 0 || document[at - 1] === LF
    if (!isLineStart) continue
    if (document[at] !== AT && document[at] !== LF) break
    end = at
  }
  return document.subarray(0, end)
}

const [AT, LF] = [0x40, 0x0a]

/** How often an item may stand in a document. */
export type Times = 'once' | 'optional' | 'any'

/** The known items of a document, each a cursor that stands on it. */
export interface Items {
  /** One that must be there. */
  readonly one: (keyword: string) => Lexer
  readonly maybe: (keyword: string) => Lexer | null
  readonly all: (keyword: string) => readonly Lexer[]
  /** The keywords, in order. */
  readonly order: readonly string[]
}

/** Items with an object behind them; the others may have none. */
const WITH_OBJECT = new Set([
  'identity-ed25519',
  'onion-key',
  'signing-key',
  'onion-key-crosscert',
  'ntor-onion-key-crosscert',
  'family-cert',
  'router-signature',
])

/** Reads a document to its end and checks how often its items stand there. */
export function readItems(lx: Lexer, rules: Readonly<Record<string, Times>>): Items {
  const found = new Map<string, Lexer[]>()
  const order: string[] = []
  while (advance(lx)) {
    ignoreUnknown(lx)
    order.push(lx.keyword)
    const times = Object.hasOwn(rules, lx.keyword) ? rules[lx.keyword] : undefined
    if (times === undefined) continue
    if (!WITH_OBJECT.has(lx.keyword)) expectNoObject(lx)
    const before = found.get(lx.keyword)
    if (before === undefined) found.set(lx.keyword, [{ ...lx }])
    else if (times === 'any') before.push({ ...lx })
    else fail(lx, `${lx.keyword} stands there twice`)
  }
  const maybe = (keyword: string): Lexer | null => found.get(keyword)?.[0] ?? null
  const one = (keyword: string): Lexer => maybe(keyword) ?? fail(lx, `${keyword} is missing`)
  for (const [keyword, times] of Object.entries(rules)) if (times === 'once') one(keyword)
  return { one, maybe, all: (keyword) => found.get(keyword) ?? [], order }
}

/** The time of an item (`published 2022-11-19 10:00:00`), ms since 1970. */
export function itemTime(lx: Lexer): number {
  return parseTime(argumentText(lx).slice(0, TIME_CHARACTERS)) ?? fail(lx, `${lx.keyword} has no time`)
}

/** The only or first word of an item. */
export function itemWord(lx: Lexer): string {
  return argumentWords(lx)[0] ?? fail(lx, `${lx.keyword} says nothing`)
}

const TIME_CHARACTERS = 'YYYY-MM-DD HH:MM:SS'.length

/** A key of 32 bytes in base64, with or without padding; given back without. */
export function itemKey(lx: Lexer, word: string): string {
  const base64 = word.replace(/=$/, '')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 32 || bytes.toString('base64').replace(/=$/, '') !== base64) {
    fail(lx, `${lx.keyword} has no key of 32 bytes`)
  }
  return base64
}

/** Addresses with ports of the `a` or `or-address` lines. */
export function itemAddresses(items: readonly Lexer[]): readonly string[] {
  return items.map((lx) => {
    const address = itemWord(lx)
    return isAddressPort(address) ? address : fail(lx, `${lx.keyword} has no address with a port`)
  })
}

/** A policy's summary (`accept 80,443`); null without one. */
export function itemPolicy(lx: Lexer | null): string | null {
  if (lx === null) return null
  const policy = argumentWords(lx).slice(0, 2).join(' ')
  return isPolicySummary(policy) ? policy : fail(lx, `${lx.keyword} is no summary of a policy`)
}

/** Who an operator says belongs together: fingerprints in upper case, and nicknames. What is neither is left out. */
export function itemFamily(lx: Lexer | null): readonly string[] {
  if (lx === null) return []
  return argumentWords(lx).flatMap((word) => {
    const [, fingerprint, nickname] = FAMILY_MEMBER.exec(word) ?? []
    return fingerprint?.toUpperCase() ?? nickname ?? []
  })
}

/** `$` and a fingerprint, perhaps with a nickname behind it; or a nickname alone. Source: dir-spec 2.1.1, `family`. */
const FAMILY_MEMBER = /^(?:\$([0-9A-Fa-f]{40})(?:[=~][A-Za-z0-9]{1,19})?|([A-Za-z0-9]{1,19}))$/
