/** What a box's resolver answers. Pure: names become virtual addresses, so nothing has to be asked outside. */
import { addressBytes, normalAddress } from '#proto/netlink/address.ts'
import {
  CLASS_IN,
  type DnsMessage,
  type DnsQuestion,
  nameBytes,
  recordType,
  respond,
  responseCode,
} from '#proto/dns/codec.ts'
import { virtualAddresses, virtualIndex } from './addresses.ts'
import type { NamePool } from './names.ts'

/** Seconds for which a program may keep an answer; the box keeps what it stands for much longer. */
const TTL_S = 60

/** A finished response, or the address whose name tor has to be asked for; null: nothing is answered. */
export type Answer =
  | { readonly kind: 'response'; readonly response: DnsMessage }
  | { readonly kind: 'reverse'; readonly address: string }
  | null

/** Decides over a query. */
export function answer(query: DnsMessage, names: NamePool): Answer {
  if (query.response) return null
  const finished = (code: number, data: readonly Uint8Array[] = []): Answer => ({
    kind: 'response',
    response: respond(
      query,
      code,
      data.map((bytes) => record(query, bytes)),
    ),
  })
  const [question, ...more] = query.questions
  if (query.opcode !== 0) return finished(responseCode.notImplemented)
  if (question === undefined || more.length > 0) return finished(responseCode.formatError)
  if (question.class !== CLASS_IN) return finished(responseCode.notImplemented)
  if (question.type === recordType.PTR) return reverse(question.name, names, finished)
  return forward(question, names, finished)
}

type Finish = (code: number, data?: readonly Uint8Array[]) => Answer

function forward({ name, type }: DnsQuestion, names: NamePool, finished: Finish): Answer {
  const host = name.toLowerCase()
  const local = host === 'localhost' || host.endsWith('.localhost')
  if (!local && !isPublic(host)) return finished(responseCode.nxDomain)
  switch (type) {
    case recordType.A:
      return finished(responseCode.noError, [local ? LOOPBACK_V4 : virtualAddresses(names.indexOf(host)).v4])
    case recordType.AAAA:
      return finished(responseCode.noError, [local ? LOOPBACK_V6 : virtualAddresses(names.indexOf(host)).v6])
    // Browsers ask for these with every name; that there is none is the fastest truth for them.
    case recordType.HTTPS:
    case recordType.SVCB:
      return finished(responseCode.noError)
    default:
      // Tor can't ask for it. Saying that there is none would be a lie that makes mail go astray.
      return finished(responseCode.notImplemented)
  }
}

const LOOPBACK_V4 = Uint8Array.of(127, 0, 0, 1)
const LOOPBACK_V6 = Uint8Array.from([...Array.from({ length: 15 }, () => 0), 1])

/** The name by which Firefox asks whether it may send names elsewhere; here it may not. */
const CANARY = 'use-application-dns.net'
/** Names for local networks (RFC 6762, RFC 8375, ICANN 2024) and reverse names: an exit would only see what we look for. */
const NOT_PUBLIC = /(?:^|\.)(?:local|internal|home\.arpa|lan|arpa)$/
/** Letters, digits, hyphens and, as many services do, underscores; at least two labels. */
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)+[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/

/** Whether a name, in lower case, is one that an exit or an onion service may be asked for. */
export function isPublic(host: string): boolean {
  return HOST_NAME.test(host) && !NOT_PUBLIC.test(host) && host !== CANARY && addressBytes(host) === null
}

function reverse(name: string, names: NamePool, finished: Finish): Answer {
  const address = reverseAddress(name.toLowerCase())
  if (address === null) return finished(responseCode.nxDomain)
  if (address === '127.0.0.1' || address === '::1') return finished(responseCode.noError, [nameBytes('localhost')])
  const index = virtualIndex(address)
  if (index === null) return { kind: 'reverse', address }
  const host = names.nameOf(index)
  return host === null ? finished(responseCode.nxDomain) : finished(responseCode.noError, [nameBytes(host)])
}

/** The address in a reverse name (RFC 1035, section 3.5; RFC 3596, section 2.5); null when there is none. */
export function reverseAddress(name: string): string | null {
  const v4 = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1]
  if (v4 !== undefined) return normalAddress(v4.split('.').slice(0, 4).toReversed().join('.'))
  const v6 = /^((?:[\da-f]\.){32})ip6\.arpa$/.exec(name)?.[1]
  if (v6 === undefined) return null
  const digits = v6.replaceAll('.', '').split('').toReversed().join('')
  return normalAddress(digits.replaceAll(/.{4}(?=.)/g, '$&:'))
}

/** The response to a reverse query once tor has said the name; null: it knows none. */
export function reverseResponse(query: DnsMessage, name: string | null): DnsMessage {
  if (name === null) return respond(query, responseCode.nxDomain)
  return respond(query, responseCode.noError, [record(query, nameBytes(name))])
}

function record(query: DnsMessage, data: Uint8Array): DnsMessage['answers'][number] {
  const [question = { name: '', type: 0, class: CLASS_IN }] = query.questions
  return { ...question, ttl: TTL_S, data }
}
