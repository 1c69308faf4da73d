/** The kinds of argument that directory documents are made of, read strictly. Null where a text is none. */
/** Largest number of a signed 32-bit field (`params`, `bandwidth-weights`). */
const INT32_MAX = 0x7fff_ffff
/** Highest port. */
export const MAX_PORT: number = 65_535
/** Largest `Bandwidth=`. Source: dir-spec 3.4.1, an unsigned 32-bit integer. */
export const UINT32_MAX: number = 0xffff_ffff

const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/

/** `2022-11-19 10:00:00`, UTC, as ms since 1970. Each part must be one that exists. */
export function parseTime(text: string): number | null {
  const [whole, year, month, day, hour, minute, second] = TIME.exec(text) ?? []
  if (whole === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const midnight = parseDay(`${year}-${month}-${day}`)
  return midnight === null ? null : midnight + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000
}

/** `2022-11-19` as ms since 1970. */
export function parseDay(text: string): number | null {
  const at = Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, Number(text.slice(8, 10)))
  return new Date(at).toISOString().startsWith(text) ? at : null
}

/** A decimal number without sign or leading zeros, up to `most`. */
export function parseUint(text: string, most: number = UINT32_MAX): number | null {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) return null
  const value = Number(text)
  return value <= most ? value : null
}

/** 0 to 65535. */
export function parsePort(text: string): number | null {
  return parseUint(text, MAX_PORT)
}

function parseInt32(text: string): number | null {
  const value = parseUint(text.startsWith('-') ? text.slice(1) : text, INT32_MAX + 1)
  if (value === null) return null
  if (text.startsWith('-')) return value === 0 ? null : -value
  return value <= INT32_MAX ? value : null
}

/** 40 upper-case hexadecimal digits: how authorities write fingerprints. */
export function isFingerprint(text: string): boolean {
  return /^[0-9A-F]{40}$/.test(text)
}

/** The first digit decides what may follow. */
const OCTET = '(?:1\\d{0,2}|2(?:[0-4]\\d?|5[0-5]?|[6-9])?|[3-9]\\d?|0)'
/** Pattern of an IPv4 address. */
export const IPV4: string = `${OCTET}(?:\\.${OCTET}){3}`
const IPV4_ALONE = new RegExp(`^${IPV4}$`)
const WORD = '[\\dA-Fa-f]{1,4}'
/** So many words can stand before the `::` that stands for at least one, and those that are left behind it. */
const SHORTENED = [6, 5, 4, 3, 2, 1].map((before) => `(?:${WORD}:){1,${before}}(?::${WORD}){1,${7 - before}}`)
const IPV6 = [...SHORTENED, `(?:${WORD}:){7}(?:${WORD}|:)`, `(?:${WORD}:){1,6}:`, `:(?:(?::${WORD}){1,7}|:)`].join('|')
const ADDRESS_PORT = new RegExp(`^(?:\\[(?:${IPV6})\\]|${IPV4}):([1-9]\\d{0,4})$`)

/** `192.0.2.1`. */
export function isIpv4(text: string): boolean {
  return IPV4_ALONE.test(text)
}

/** `[2001:db8::1]:9001` or `192.0.2.1:9001`, with a port that is not 0. */
export function isAddressPort(text: string): boolean {
  return Number(ADDRESS_PORT.exec(text)?.[1] ?? Number.NaN) <= MAX_PORT
}

const DASH = 45
const ZERO = 48

/** `a=1 b=-2` as of `params`: each name once, signed 32-bit values. */
export function parseNumbers(words: readonly string[]): Readonly<Record<string, number>> | null {
  const values = new Map<string, number>()
  for (const word of words) {
    const [, name = '', digits = ''] = /^([A-Za-z0-9_-]{1,128})=(-?\d+)$/.exec(word) ?? []
    const value = parseInt32(digits)
    if (name === '' || value === null || values.has(name)) return null
    values.set(name, value)
  }
  return Object.fromEntries(values)
}

const RANGES = /^(?:accept|reject) [1-9]\d{0,4}(?:-[1-9]\d{0,4})?(?:,[1-9]\d{0,4}(?:-[1-9]\d{0,4})?)*$/

/** Whether this is the summary of an exit policy: `accept 80,443` or `reject 1-65535`, ports in order. */
export function isPolicySummary(text: string): boolean {
  if (!RANGES.test(text)) return false
  let last = 0
  let port = 0
  let isUpper = false
  for (let at = 'accept '.length; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code >= ZERO) port = port * 10 + code - ZERO
    else {
      if (port < last || (port === last && !isUpper)) return false
      last = port
      port = 0
      isUpper = code === DASH
    }
  }
  return port <= MAX_PORT && (port > last || (port === last && isUpper))
}

/** Whether this is a list of subprotocols: `Cons=1-2 Link=1-5`. Source: dir-spec, `proto`. */
export function isProtocols(text: string): boolean {
  return (
    text === '' ||
    text
      .split(' ')
      .every((entry) => /^[A-Za-z0-9-]+=(?:\d{1,10}(?:-\d{1,10})?(?:,\d{1,10}(?:-\d{1,10})?)*)?$/.test(entry))
  )
}

/** Pattern of the last character of 20 or 32 bytes in base64 without padding: it leaves no bits over. */
export const BASE64_LAST: string = '[AEIMQUYcgkosw048]'

/**
 * Decodes digests in base64 without padding, which end as they should and have one length (27 or 43): all at once,
 * natively. Between two of them there is a byte of no meaning. When one is not base64, answers which.
 */
export function decodeDigests(texts: readonly string[]): Buffer | number {
  // With one character more each is whole base64.
  const joined = texts.length === 0 ? '' : `${texts.join('A')}A`
  const bytes = Buffer.from(joined, 'base64')
  // What is not base64 is left out, and makes fewer bytes of it; but for the signs of base64url.
  const isWhole = bytes.length === (joined.length / 4) * 3 && !joined.includes('-') && !joined.includes('_')
  return isWhole ? bytes : texts.findIndex((text) => !/^[A-Za-z0-9+/]+$/.test(text))
}
