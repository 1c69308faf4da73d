/** Who may ask what: against DNS rebinding, foreign pages and other users. Pure. */
import { timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { exitCode, NocError } from '../errors.ts'

const LAST_PORT = 65_535

/** The host name of a Host header, without port and brackets; '' when it is not one. */
export function hostName(header: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(header)
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase()
}

/**
 * Whether a request may name this host. DNS rebinding needs a name that its attacker controls: literal addresses and
 * `localhost` are not such names, any other must have been named by the operator.
 */
export function hostAllowed(header: string | undefined, named: readonly string[]): boolean {
  const name = hostName(header ?? '')
  return name !== '' && (isIP(name) !== 0 || name === 'localhost' || named.some((n) => n.toLowerCase() === name))
}

/** Whether a page of this origin may ask: only our own. No Origin header means that no foreign page is asking. */
export function originAllowed(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`
}

/** Whether `Authorization: Bearer <token>` carries the token; takes the same time for every wrong one. */
export function bearerAllowed(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(/^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(authorization ?? '')?.[1] ?? '')
  const expected = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Whether an address to listen on is reachable from this machine only. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)
}

/** What `listen` may be; the configuration checks it with the same expression. */
export const LISTEN_FORMAT: RegExp = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/

/** `127.0.0.1:8470` or `[::1]:8470` in parts. */
export function listenAddress(text: string): { readonly address: string; readonly port: number } {
  const [, six, four, port = ''] = LISTEN_FORMAT.exec(text) ?? []
  const address = six ?? four ?? ''
  if (isIP(address) !== 0 && Number(port) <= LAST_PORT) return { address, port: Number(port) }
  throw new NocError('NOC_HTTP_LISTEN', `"${text}" is not ADDRESS:PORT or [ADDRESS6]:PORT`, { exit: exitCode.usage })
}

/** Sent with every answer. The policy lets a page load and reach its own origin, nothing else. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
