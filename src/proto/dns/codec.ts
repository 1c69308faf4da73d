/** DNS messages (RFC 1035, section 4), as much of them as a stub resolver and the server that it asks need. */
import { malformed, nameBytes, readName } from './name.ts'

export { nameBytes, readName } from './name.ts'

/** Record types (IANA, DNS parameters). */
export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  SVCB: 64,
  HTTPS: 65,
} as const

/** Answers' codes (RFC 1035, section 4.1.1). */
export const responseCode = { noError: 0, formatError: 1, serverFailure: 2, nxDomain: 3, notImplemented: 4 } as const

/** The class of everything that is asked for today (RFC 1035, section 3.2.4). */
export const CLASS_IN = 1

/** What is asked. */
export interface DnsQuestion {
  readonly name: string
  readonly type: number
  readonly class: number
}

/** One answer. Names inside `data` are uncompressed. */
export interface DnsRecord extends DnsQuestion {
  /** Seconds for which it may be kept. */
  readonly ttl: number
  readonly data: Uint8Array
}

/** A query or a response. */
export interface DnsMessage {
  readonly id: number
  readonly response: boolean
  /** 0 is a standard query. */
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  /** The three bits between RA and the code: Z, AD, CD (RFC 4035). */
  readonly reserved: number
  readonly code: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

const HEADER_BYTES = 12
/** Bytes of a record after its name: type, class, ttl, length. */
const RECORD_BYTES = 10

/** Data that holds names, which the sender may have compressed (RFC 1035, section 3.3): bytes before, and how many. */
const NAMES_IN_DATA: Readonly<Record<number, { readonly skip: number; readonly names: number }>> = {
  [recordType.NS]: { skip: 0, names: 1 },
  [recordType.CNAME]: { skip: 0, names: 1 },
  [recordType.SOA]: { skip: 0, names: 2 },
  [recordType.PTR]: { skip: 0, names: 1 },
  [recordType.MX]: { skip: 2, names: 1 },
}

/** Reads a message; throws a NocError that says what is wrong at which byte. Bytes behind the message are ignored. */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw malformed('shorter than its header', bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint16(2)
  let at = HEADER_BYTES
  const several = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read)
  const question = (): DnsQuestion => {
    const { name, next } = readName(bytes, at)
    if (next + 4 > bytes.length) throw malformed('a question without end', next)
    at = next + 4
    return { name, type: view.getUint16(next), class: view.getUint16(next + 2) }
  }
  const record = (): DnsRecord => {
    const { name, next } = readName(bytes, at)
    const start = next + RECORD_BYTES
    if (start > bytes.length) throw malformed('a record without end', next)
    const end = start + view.getUint16(next + 8)
    if (end > bytes.length) throw malformed('data without end', start)
    const type = view.getUint16(next)
    at = end
    return {
      name,
      type,
      class: view.getUint16(next + 2),
      ttl: view.getUint32(next + 4),
      data: expandNames(bytes, type, start, end),
    }
  }
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    reserved: (flags >> 4) & 7,
    code: flags & 15,
    questions: several(view.getUint16(4), question),
    answers: several(view.getUint16(6), record),
    authorities: several(view.getUint16(8), record),
    additionals: several(view.getUint16(10), record),
  }
}

function expandNames(message: Uint8Array, type: number, start: number, end: number): Uint8Array {
  const holds = NAMES_IN_DATA[type]
  if (holds === undefined) return message.slice(start, end)
  const parts = [message.subarray(start, start + holds.skip)]
  let at = start + holds.skip
  for (let index = 0; index < holds.names; index++) {
    const { name, next } = readName(message, at)
    if (next > end) throw malformed('a name that is longer than its record', at)
    parts.push(nameBytes(name))
    at = next
  }
  return join([...parts, message.subarray(at, end)])
}

/** Writes a message. Names are not compressed but where a record's is the first question's. */
export function encodeMessage(message: DnsMessage): Uint8Array {
  const sections = [message.questions, message.answers, message.authorities, message.additionals]
  const header = new DataView(new ArrayBuffer(HEADER_BYTES))
  header.setUint16(0, message.id)
  header.setUint16(2, flagsOf(message))
  sections.forEach((section, index) => header.setUint16(4 + 2 * index, section.length))
  const asked = message.questions[0]?.name
  const records = [...message.answers, ...message.authorities, ...message.additionals]
  return join([
    new Uint8Array(header.buffer),
    ...message.questions.flatMap(({ name, type, class: of }) => [nameBytes(name), words(type, of)]),
    ...records.flatMap(({ name, type, class: of, ttl, data }) => [
      name === asked ? words((0xc0 << 8) | HEADER_BYTES) : nameBytes(name),
      words(type, of, ttl >>> 16, ttl & 0xffff, data.length),
      data,
    ]),
  ])
}

function flagsOf(message: DnsMessage): number {
  const bit = (set: boolean, value: number): number => (set ? value : 0)
  return (
    bit(message.response, 0x8000) |
    (message.opcode << 11) |
    bit(message.authoritative, 0x400) |
    bit(message.truncated, 0x200) |
    bit(message.recursionDesired, 0x100) |
    bit(message.recursionAvailable, 0x80) |
    (message.reserved << 4) |
    message.code
  )
}

/** Big-endian 16-bit words. */
function words(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]))
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A query by a stub resolver (RFC 1035, section 4.1): one question, recursion desired. */
export function query(id: number, name: string, type: number): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    reserved: 0,
    code: 0,
    questions: [{ name, type, class: CLASS_IN }],
    answers: [],
    authorities: [],
    additionals: [],
  }
}

/** The response to a query: its identifier, opcode and question, with a code and answers. */
export function respond(to: DnsMessage, code: number, answers: readonly DnsRecord[] = []): DnsMessage {
  return {
    ...query(to.id, '', 0),
    response: true,
    opcode: to.opcode,
    recursionDesired: to.recursionDesired,
    recursionAvailable: true,
    code,
    questions: to.questions,
    answers,
  }
}
