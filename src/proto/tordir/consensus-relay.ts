/** The relays of a consensus. Source: dir-spec 3.4.1. What many of them share (flags, versions) is read and kept once. */
import { type Entry, GROUP, readEntry } from './consensus-entry.ts'
import {
  MAX_PORT,
  UINT32_MAX,
  decodeDigests,
  isAddressPort,
  isPolicySummary,
  isProtocols,
  parseDay,
} from './lexer-fields.ts'
import { type Lexer, fail } from './lexer.ts'
import type { Flavour, RelayEntry } from './types.ts'

/** Ten times today's network. */
const MAX_RELAYS = 100_000
/** Hexadecimal digits of a fingerprint, and from one to the next. */
const FINGERPRINT_LENGTH = 40
const HEX_STRIDE = 42

/** What `a` lines begin with. */
const A = 'a '
const NONE: readonly string[] = []

type Draft = { -readonly [K in keyof RelayEntry]: RelayEntry[K] }

/** What lines of a kind said, by their arguments: nine thousand relays have a few dozen versions between them. */
interface Memo<T> {
  readonly known: Map<string, T>
  /** The line before: neighbours are often alike, and comparing is faster than hashing. */
  text: string | null
  value: T
  readonly read: (text: string, reader: Reader) => T
}

interface Reader {
  readonly lx: Lexer
  readonly flavour: Flavour
  readonly knownFlags: ReadonlySet<string>
  readonly relays: Draft[]
  /** Offsets of the `r` lines. */
  readonly offsets: number[]
  /** Identities and digests in base64: decoded at the end. */
  readonly identities: string[]
  readonly digests: string[]
  readonly days: Memo<number>
  readonly flags: Memo<readonly string[]>
  readonly common: Memo<Common>
  readonly protocols: Memo<string>
  readonly policies: Memo<string>
}

/** What the `s` and `v` lines say, and what the last relay that said so had as protocols: nearly always those again. */
interface Common {
  readonly flags: readonly string[]
  readonly version: string | null
  protocols: string | null
}

/** Reads up to the footer; the lexer stands at the first relay before, and at the footer then. */
export function readRelays(lx: Lexer, flavour: Flavour, knownFlags: readonly string[]): readonly RelayEntry[] {
  const reader: Reader = {
    lx,
    flavour,
    knownFlags: new Set(knownFlags),
    relays: [],
    offsets: [],
    identities: [],
    digests: [],
    days: memo(0, (text, reader) => parseDay(text) ?? refuse(reader, 'r', 'date does not exist')),
    flags: memo(NONE, readFlags),
    common: memo({ flags: NONE, version: null, protocols: null }, readCommon),
    protocols: memo('', (text, reader) => (isProtocols(text) ? text : refuse(reader, 'pr', 'protocols are not valid'))),
    policies: memo('', (text, reader) =>
      isPolicySummary(text) ? text : refuse(reader, 'p', 'exit policy is not valid'),
    ),
  }
  let from = lx.offset
  for (let entry = readEntry(lx, flavour, from); entry !== null; entry = readEntry(lx, flavour, from)) {
    if (reader.relays.length === MAX_RELAYS) fail(lx, `there are more than ${MAX_RELAYS} relays`, from)
    reader.offsets.push(from)
    takeEntry(reader, entry)
    from = lx.next
  }
  setDigests(reader)
  return reader.relays
}

function memo<T>(value: T, read: Memo<T>['read']): Memo<T> {
  return { known: new Map(), text: null, value, read }
}

/** What a text means, read once for all that are like it. */
function recall<T>(reader: Reader, memo: Memo<T>, text: string): T {
  if (text === memo.text) return memo.value
  let value = memo.known.get(text)
  if (value === undefined) {
    value = memo.read(text, reader)
    memo.known.set(text, value)
  }
  memo.text = text
  memo.value = value
  return value
}

function takeEntry(reader: Reader, groups: Entry): void {
  const isNs = reader.flavour === 'ns'
  const digest = groups[isNs ? GROUP.descriptor : GROUP.microdescriptor] ?? ''
  const others = groups[GROUP.others] ?? ''
  const words = groups[GROUP.weightWords]
  const policy = groups[GROUP.policy]
  const common = recall(reader, reader.common, groups[GROUP.flagsAndVersion] ?? '')
  reader.identities.push(groups[GROUP.identity] ?? '')
  reader.digests.push(digest)
  reader.relays.push({
    nickname: groups[GROUP.nickname] ?? '',
    fingerprint: '',
    digest,
    published: isNs ? published(reader, groups[GROUP.day] ?? '', groups[GROUP.clock] ?? '') : null,
    address: groups[GROUP.address] ?? '',
    orPort: number(reader, groups[GROUP.orPort], MAX_PORT, 'r'),
    dirPort: number(reader, groups[GROUP.dirPort], MAX_PORT, 'r'),
    otherAddresses: others === '' ? NONE : otherAddresses(reader, others),
    flags: common.flags,
    version: common.version,
    weight: number(reader, groups[GROUP.weight], UINT32_MAX, 'w'),
    unmeasured: words !== undefined && words.split(' ').includes('Unmeasured=1'),
    exitPolicy: isNs && policy !== undefined ? recall(reader, reader.policies, policy) : null,
    protocols: protocols(reader, common, groups[GROUP.protocols]),
  })
}

/** Refuses the relay that is being read, at one of its lines. */
function refuse({ lx, offsets }: Reader, keyword: string, what: string): never {
  const from = offsets.at(-1) ?? 0
  const at = lx.text.indexOf(`\n${keyword} `, from - 1) + 1
  return fail(lx, `the relay's ${what}`, at > 0 && at < lx.next ? at : from)
}

function published(reader: Reader, day: string, clock: string): number {
  const midnight = recall(reader, reader.days, day)
  return midnight + (twoDigits(clock, 0) * 3600 + twoDigits(clock, 3) * 60 + twoDigits(clock, 6)) * 1000
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
}

/** A number of a line; 0 when the line is missing. */
function number(reader: Reader, digits: string | undefined, most: number, keyword: string): number {
  const value = Number(digits ?? 0)
  return value <= most ? value : refuse(reader, keyword, `${keyword} line has a number above ${most}`)
}

function otherAddresses(reader: Reader, lines: string): readonly string[] {
  const text = lines.slice(A.length, -1)
  return text.includes('\n')
    ? text.split(`\n${A}`).map((line) => otherAddress(reader, line))
    : [otherAddress(reader, text)]
}

function otherAddress(reader: Reader, text: string): string {
  const space = text.indexOf(' ')
  const address = space < 0 ? text : text.slice(0, space)
  return isAddressPort(address) ? address : refuse(reader, 'a', 'other address is not valid')
}

/** Reads `s FLAGS` and, where there is one, `v VERSION`: two lines. */
function readCommon(lines: string, reader: Reader): Common {
  const [s = '', v = ''] = lines.split('\n')
  const flags = recall(reader, reader.flags, s.slice(2))
  return { flags, version: v === '' ? null : v.slice(2), protocols: null }
}

function protocols(reader: Reader, common: Common, text: string | undefined): string | null {
  if (text === undefined) return null
  if (text !== common.protocols) common.protocols = recall(reader, reader.protocols, text)
  return common.protocols
}

function readFlags(text: string, reader: Reader): readonly string[] {
  const flags = text === '' ? NONE : text.split(' ')
  const unknown = flags.find((flag) => !reader.knownFlags.has(flag))
  if (unknown !== undefined) refuse(reader, 's', `flag ${JSON.stringify(unknown)} is not among known-flags`)
  if (new Set(flags).size < flags.length) refuse(reader, 's', 'flags have one of them twice')
  return flags
}

/** Sets fingerprints and descriptor digests, in hexadecimal; checks that identities are in order. */
function setDigests({ lx, flavour, relays, offsets, ...reader }: Reader): void {
  const decode = (texts: readonly string[], what: string): Buffer => {
    const bytes = decodeDigests(texts)
    return typeof bytes === 'number' ? fail(lx, `the relay's ${what} is not base64`, offsets[bytes]) : bytes
  }
  const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase()
  const identities = hex(decode(reader.identities, 'identity'))
  const digests = decode(reader.digests, 'digest')
  const descriptors = flavour === 'ns' ? hex(digests) : null
  let last = ''
  relays.forEach((relay, index) => {
    const from = index * HEX_STRIDE
    relay.fingerprint = identities.slice(from, from + FINGERPRINT_LENGTH)
    if (descriptors !== null) relay.digest = descriptors.slice(from, from + FINGERPRINT_LENGTH)
    if (relay.fingerprint <= last)
      fail(lx, 'the relay is there twice, or not in the order of identities', offsets[index])
    last = relay.fingerprint
  })
}
