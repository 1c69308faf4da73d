/**
 * Onionoo's details document: what the Tor Project's server tells about relays, in JSON. Nobody signed it: what is made
 * of it is never verified. Source: the protocol's description, version 8.0, "Details documents".
 */
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { parsePort, parseTime } from './lexer-fields.ts'

/** All relays of today take 25 MB. */
const MAX_CHARACTERS = 128 * 1024 * 1024
const MAX_RELAYS = 100_000
const NICKNAME = /^[A-Za-z0-9]{1,19}$/
const FINGERPRINT = /^[0-9A-Fa-f]{40}$/

/** A relay, with the fields that the map has use for. Null: the document does not say. */
export interface OnionooRelay {
  readonly nickname: string
  /** 40 upper-case hexadecimal digits. */
  readonly fingerprint: string
  /** `192.0.2.1:9001`, `[2001:db8::1]:9001`; the first one is IPv4 and the relay's own. */
  readonly orAddresses: readonly string[]
  readonly dirAddress: string | null
  /** ms since 1970. */
  readonly lastSeen: number
  readonly firstSeen: number | null
  readonly lastRestarted: number | null
  /** Was in the last consensus. */
  readonly running: boolean
  readonly hibernating: boolean
  readonly flags: readonly string[]
  /** ISO 3166-1, upper case. */
  readonly country: string | null
  readonly city: string | null
  readonly longitude: number | null
  readonly latitude: number | null
  readonly asNumber: number | null
  readonly asName: string | null
  readonly consensusWeight: number
  readonly measured: boolean | null
  /** Bytes a second. */
  readonly bandwidth: { readonly average: number; readonly burst: number; readonly observed: number } | null
  readonly exitPolicy: readonly string[]
  /** `accept 80,443`. */
  readonly exitPolicySummary: string | null
  readonly exitPolicy6Summary: string | null
  readonly contact: string | null
  readonly platform: string | null
  /** `0.4.9.11`. */
  readonly version: string | null
  /** Fingerprints, without the relay's own. */
  readonly family: readonly string[]
  readonly overloaded: number | null
}

export interface OnionooDetails {
  /** When the consensus became valid that it was made of, ms since 1970. */
  readonly relaysPublished: number
  /** The protocol's version. */
  readonly version: string
  readonly relays: readonly OnionooRelay[]
}

/** Reads a details document; throws a NocError that names the relay and the field. */
export function parseOnionoo(text: string): OnionooDetails {
  if (text.length > MAX_CHARACTERS) throw wrong('document', `longer than ${MAX_CHARACTERS} characters`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw wrong('document', `no JSON: ${reasonOf(cause)}`)
  }
  const document = fields(json, 'document')
  const relays = document.list('relays')
  if (relays.length > MAX_RELAYS) throw wrong('relays', `more than ${MAX_RELAYS}`)
  return {
    relaysPublished: document.time('relays_published') ?? document.missing('relays_published'),
    version: document.text('version') ?? document.missing('version'),
    relays: relays.map((relay, index) => onionooRelay(fields(relay, `relays[${index}]`))),
  }
}

function onionooRelay(relay: Fields): OnionooRelay {
  const [nickname, fingerprint] = [relay.text('nickname') ?? '', relay.text('fingerprint') ?? '']
  if (!NICKNAME.test(nickname)) relay.missing('nickname')
  if (!FINGERPRINT.test(fingerprint)) relay.missing('fingerprint')
  const orAddresses = relay.texts('or_addresses')
  if (hostAndPort(orAddresses[0] ?? '') === null) relay.missing('or_addresses')
  const family = new Set([...relay.texts('effective_family'), ...relay.texts('indirect_family')])
  return {
    nickname,
    fingerprint: fingerprint.toUpperCase(),
    orAddresses,
    dirAddress: relay.text('dir_address'),
    lastSeen: relay.time('last_seen') ?? relay.missing('last_seen'),
    firstSeen: relay.time('first_seen'),
    lastRestarted: relay.time('last_restarted'),
    running: relay.flag('running') ?? relay.missing('running'),
    hibernating: relay.flag('hibernating') ?? false,
    flags: relay.texts('flags'),
    country: country(relay.text('country')),
    city: relay.text('city_name'),
    longitude: relay.number('longitude', -180, 180),
    latitude: relay.number('latitude', -90, 90),
    asNumber: asNumber(relay.text('as') ?? relay.text('as_number')),
    asName: relay.text('as_name'),
    consensusWeight: relay.number('consensus_weight', 0) ?? 0,
    measured: relay.flag('measured'),
    bandwidth: bandwidth(relay),
    exitPolicy: relay.texts('exit_policy'),
    exitPolicySummary: summary(relay, 'exit_policy_summary'),
    exitPolicy6Summary: summary(relay, 'exit_policy_v6_summary'),
    contact: relay.text('contact'),
    platform: relay.text('platform'),
    version: relay.text('version'),
    family: [...family]
      .map((member) => member.replace(/^\$/, '').toUpperCase())
      .filter((m) => m !== fingerprint.toUpperCase()),
    overloaded: relay.number('overload_general_timestamp', 0),
  }
}

function bandwidth(relay: Fields): OnionooRelay['bandwidth'] {
  const observed = relay.number('observed_bandwidth', 0)
  if (observed === null) return null
  const average = relay.number('bandwidth_rate', 0) ?? 0
  return { average, burst: relay.number('bandwidth_burst', 0) ?? 0, observed }
}

/** `{ "accept": ["80", "443"] }` as `accept 80,443`. */
function summary(relay: Fields, name: string): string | null {
  const value = relay.raw(name)
  if (value === undefined || value === null) return null
  const policy = fields(value, `${relay.path}.${name}`)
  const word = policy.raw('accept') === undefined ? 'reject' : 'accept'
  return `${word} ${policy.texts(word).join(',')}`
}

function country(code: string | null): string | null {
  return code !== null && /^[A-Za-z]{2}$/.test(code) ? code.toUpperCase() : null
}

function asNumber(text: string | null): number | null {
  const digits = /^(?:AS)?(\d{1,10})$/.exec(text ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}

/** Parts of `192.0.2.1:9001` or `[2001:db8::1]:9001`; null when it is neither. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } | null {
  const [, host = '', digits = ''] = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9.]{7,15}):(\d{1,5})$/.exec(text) ?? []
  const port = parsePort(digits)
  return port === null ? null : { host, port }
}

/** Access to an object's fields, with the path for what is wrong with them. */
interface Fields {
  readonly path: string
  readonly raw: (name: string) => unknown
  readonly text: (name: string) => string | null
  readonly texts: (name: string) => readonly string[]
  readonly list: (name: string) => readonly unknown[]
  readonly number: (name: string, least: number, most?: number) => number | null
  readonly flag: (name: string) => boolean | null
  readonly time: (name: string) => number | null
  readonly missing: (name: string) => never
}

function fields(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'no object')
  const raw = (name: string): unknown => (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined)
  const take = <T>(name: string, is: (found: unknown) => found is T, kind: string): T | null => {
    const found = raw(name)
    if (found === undefined || found === null) return null
    if (!is(found)) throw wrong(`${path}.${name}`, `no ${kind}`)
    return found
  }
  const text = (name: string): string | null => take(name, isText, 'text')
  return {
    path,
    raw,
    text,
    texts: (name) => take(name, isTexts, 'list of texts') ?? [],
    list: (name) => take(name, Array.isArray, 'list') ?? [],
    number: (name, least, most = Number.MAX_SAFE_INTEGER) => {
      const found = take(name, isNumber, 'number')
      if (found !== null && (found < least || found > most)) throw wrong(`${path}.${name}`, 'out of range')
      return found
    },
    flag: (name) => take(name, isFlag, 'yes or no'),
    time: (name) => {
      const found = text(name)
      if (found === null) return null
      const at = parseTime(found)
      if (at === null) throw wrong(`${path}.${name}`, 'no time')
      return at
    },
    missing: (name) => {
      throw wrong(`${path}.${name}`, 'missing or malformed')
    },
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

function wrong(path: string, what: string): NocError {
  return new NocError('NOC_TORDIR_ONIONOO', `The Onionoo document can't be read: ${path} is ${what}`, {
    hint: 'Give a details document (https://onionoo.torproject.org/details), not a summary or an error page.',
    exit: exitCode.usage,
  })
}
