/** Logging in to tor's control port (control-spec.txt, 3.5, 3.21 and 3.24). */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { NocError } from '#core/errors.ts'
import { type Reply, words } from './codec.ts'

/** How a controller shows that it may give orders. */
export type Credentials =
  /** For a tor that asks for nothing. */
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly password: string }
  /** Sends the contents of tor's cookie file to whoever answers: only for a peer that is surely tor. */
  | { readonly kind: 'cookie'; readonly cookie: Uint8Array }
  /** Proves to know the cookie, and makes tor prove the same first. */
  | { readonly kind: 'safecookie'; readonly cookie: Uint8Array }

/** What tor says before a login. */
export interface ProtocolInfo {
  /** `NULL` (nothing is asked for), `HASHEDPASSWORD`, `COOKIE`, `SAFECOOKIE`. */
  readonly methods: readonly string[]
  /** As tor's own machine and mount namespace name it. An impostor may name any file: read only what you expect. */
  readonly cookieFile: string | null
  readonly version: string | null
}

/** Bytes of the cookie, of both nonces and of both hashes. */
export const COOKIE_BYTES = 32

/** Reads the reply to PROTOCOLINFO. */
export function parseProtocolInfo(reply: Reply): ProtocolInfo {
  const named = new Map(reply.flatMap(({ text }) => [...(words(text, 1)?.named ?? [])]))
  return {
    methods: named.get('METHODS')?.split(',') ?? [],
    cookieFile: named.get('COOKIEFILE') ?? null,
    version: named.get('Tor') ?? null,
  }
}

/** The argument of AUTHENTICATE for credentials that need no challenge. */
export function loginArgument(credentials: Exclude<Credentials, { kind: 'safecookie' }>): string {
  if (credentials.kind === 'none') return ''
  // Hexadecimal, so that no password needs quoting.
  if (credentials.kind === 'password') return hex(new TextEncoder().encode(credentials.password))
  return hex(checkCookie(credentials.cookie))
}

/** Checks that the peer knows the cookie too and answers its challenge: the argument of AUTHENTICATE. */
export function challengeAnswer(reply: Reply, cookie: Uint8Array, clientNonce: Uint8Array): string {
  const named = words(reply[0]?.text ?? '', 1)?.named
  const hash = unhex(named?.get('SERVERHASH'))
  const nonce = unhex(named?.get('SERVERNONCE'))
  if (hash === null || nonce === null) throw impostor()
  const message = Buffer.concat([checkCookie(cookie), clientNonce, nonce])
  if (!timingSafeEqual(hash, hmac('Tor safe cookie authentication server-to-controller hash', message)))
    throw impostor()
  return hex(hmac('Tor safe cookie authentication controller-to-server hash', message))
}

function impostor(): NocError {
  return new NocError('NOC_TORCONTROL_IMPOSTOR', 'The process at the control port does not know the cookie of tor.', {
    hint: 'It is not tor, or the cookie is from an earlier start: read the cookie file again.',
  })
}

function hmac(key: string, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** A file of another length is no cookie and its contents are nobody's business. */
function checkCookie(cookie: Uint8Array): Uint8Array {
  if (cookie.length === COOKIE_BYTES) return cookie
  throw new NocError('NOC_TORCONTROL_COOKIE', `A cookie of tor has ${COOKIE_BYTES} bytes, this one ${cookie.length}.`)
}

/** Bytes as the protocol writes them. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

function unhex(text: string | undefined): Buffer | null {
  return text !== undefined && /^[\da-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : null
}
