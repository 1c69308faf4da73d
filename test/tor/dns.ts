/** A name server's answers (RFC 1035) for a test network: just enough for what tor, curl and dig ask. Pure. */
import { addressBytes } from '#proto/netlink/address.ts'

/** Record types that are answered. */
const TYPES = { 1: 'A', 12: 'PTR', 16: 'TXT', 28: 'AAAA' } as const
export type RecordType = (typeof TYPES)[keyof typeof TYPES]

export interface Question {
  /** Lower case, without the dot at the end. */
  readonly name: string
  /** Null for a type that we don't answer. */
  readonly type: RecordType | null
}

/** Values of the records of a name; null: there is no such name. */
export type Zone = (question: Question) => readonly string[] | null

const HEADER = 12
const TTL_S = 60
const NXDOMAIN = 3

/** The answer to a query; null when it is none. */
export function answer(query: Uint8Array, zone: Zone): { question: Question; reply: Uint8Array } | null {
  const asked = readQuestion(query)
  if (asked === null) return null
  const { question, end } = asked
  const values = zone(question)
  const records = question.type === null ? [] : (values ?? []).map((value) => record(query, end, question, value))
  const header = Buffer.from(query.subarray(0, HEADER))
  // Response, authoritative; recursion as asked for.
  header[2] = 0x84 | ((query[2] ?? 0) & 1)
  header[3] = 0x80 | (values === null ? NXDOMAIN : 0)
  const counts = [1, records.length, 0, 0]
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index)
  // The question goes back letter by letter: tor mixes upper and lower case to recognise forged answers.
  return { question, reply: Buffer.concat([header, query.subarray(HEADER, end), ...records]) }
}

function readQuestion(query: Uint8Array): { question: Question; end: number } | null {
  const labels: string[] = []
  let at = HEADER
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63 || at + 1 + length >= query.length) return null
    const label = Buffer.from(query.subarray(at + 1, at + 1 + length)).toString('latin1')
    labels.push(label.toLowerCase())
    at += 1 + length
  }
  const end = at + 5
  if (end > query.length) return null
  const type = ((query[at + 1] ?? 0) << 8) | (query[at + 2] ?? 0)
  return { question: { name: labels.join('.'), type: TYPES[type as keyof typeof TYPES] ?? null }, end }
}

function record(query: Uint8Array, end: number, { type }: Question, value: string): Uint8Array {
  const data = recordData(type, value)
  // Its name is the question's (a pointer to it), its type and class too.
  const head = Buffer.concat([Buffer.of(0xc0, HEADER), query.subarray(end - 4, end), Buffer.alloc(6)])
  head.writeUInt32BE(TTL_S, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function recordData(type: RecordType | null, value: string): Uint8Array {
  if (type === 'TXT') return Buffer.of(value.length, ...Buffer.from(value, 'latin1'))
  if (type !== 'PTR') return addressBytes(value) ?? Buffer.alloc(0)
  const labels = value.split('.').map((label) => Buffer.of(label.length, ...Buffer.from(label)))
  return Buffer.concat([...labels, Buffer.of(0)])
}
