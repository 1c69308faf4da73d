/** Who may ask what: against DNS rebinding, foreign pages and other users. Pure. */
import { timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

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

/** `127.0.0.1:8470` or `[::1]:8470` in parts; the format was checked by the configuration. */
export function listenAddress(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(':')
  return { address: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
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
