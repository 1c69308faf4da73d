/** Directory authorities that exist only here: they sign the documents of tests and of the sample. */
import { type KeyObject, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { TrustedAuthority } from '../types.ts'
import { composeCertificate } from './certificate.ts'
import { rsaFingerprint, signBare } from './text.ts'

/** Bits of the keys that are made here. Tor's own tool makes 3072 and 2048; the smaller is six times as fast to make. */
const KEY_BITS = 2048
const YEAR_MS = 365 * 24 * 3600 * 1000

const makeKeyPair = promisify(generateKeyPair)

export interface AuthorityOptions {
  /** Of the certificate, ms since 1970. */
  readonly published: number
  /** A year later by default. */
  readonly expires?: number
  /** `127.0.0.1` by default. */
  readonly address?: string
  readonly dirPort?: number
  readonly orPort?: number
  readonly contact?: string
  /** Private RSA keys; new ones are made without them. */
  readonly keys?: { readonly identity: KeyObject; readonly signing: KeyObject }
}

/** An authority with its private key at hand. */
export interface TestAuthority {
  readonly nickname: string
  /** SHA-1 of the identity key, 40 upper-case hexadecimal digits. */
  readonly identity: string
  /** SHA-1 of the signing key, 40 upper-case hexadecimal digits. */
  readonly signingKeyDigest: string
  readonly address: string
  readonly dirPort: number
  readonly orPort: number
  readonly contact: string
  /** What an operator who trusts it configures. */
  readonly trusted: TrustedAuthority
  /** The text of its certificate. */
  readonly certificate: string
  /** Signs the digest of a consensus. */
  readonly sign: (digest: Uint8Array) => Uint8Array
}

/** Makes an authority, its keys (unless given) and its certificate. */
export async function createAuthority(nickname: string, options: AuthorityOptions): Promise<TestAuthority> {
  const { published, expires = published + YEAR_MS, address = '127.0.0.1', dirPort = 7000, orPort = 5000 } = options
  const { identity, signing } = options.keys ?? { identity: await newKey(), signing: await newKey() }
  const dir = `${address}:${dirPort}`
  return {
    nickname,
    identity: rsaFingerprint(identity),
    signingKeyDigest: rsaFingerprint(signing),
    address,
    dirPort,
    orPort,
    contact: options.contact ?? `${nickname}@example.test`,
    trusted: { nickname, identity: rsaFingerprint(identity), dir, or: `${address}:${orPort}` },
    certificate: composeCertificate({ identity, signing, published, expires, dir }),
    sign: (digest) => signBare(signing, digest),
  }
}

/** Makes a private RSA key with the exponent that the directory demands (65537). */
export async function newKey(bits: number = KEY_BITS): Promise<KeyObject> {
  return (await makeKeyPair('rsa', { modulusLength: bits, publicExponent: 65537 })).privateKey
}
