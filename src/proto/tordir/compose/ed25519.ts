/** Ed25519 certificates and the keys they need, as relays make them. Source: cert-spec, dir-spec 2.1.1. */
import { type KeyObject, createHash, createPrivateKey, sign } from 'node:crypto'
import { rawKey } from './text.ts'

const HOUR_MS = 3_600_000
/** Extension with the key that signed. Source: cert-spec 2.2.1. */
const EXT_SIGNED_WITH = 4
const KEY_TYPE_ED25519 = 1
/** PKCS #8 before the 32 bytes of a seed. Source: RFC 8410, section 7. */
const SEED_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
/** The same for X25519. */
const X25519_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')

export interface Ed25519CertificateOptions {
  /** One of `certificateType`. */
  readonly type: number
  /** ms since 1970; the certificate has it in whole hours, rounded up. */
  readonly expires: number
  /** The 32 bytes that are vouched for. */
  readonly key: Uint8Array
  readonly signer: KeyObject
  /** Puts the signer's public key into the certificate. */
  readonly withSigner: boolean
}

/** The bytes of a certificate. */
export function composeEd25519Certificate(options: Ed25519CertificateOptions): Buffer {
  const head = Buffer.alloc(7)
  head.set([1, options.type])
  head.writeUInt32BE(Math.ceil(options.expires / HOUR_MS), 2)
  head[6] = KEY_TYPE_ED25519
  const extension = Buffer.concat([Buffer.of(0, 32, EXT_SIGNED_WITH, 0), rawKey(options.signer)])
  const body = Buffer.concat([head, options.key, options.withSigner ? Buffer.of(1) : Buffer.of(0)])
  const signed = options.withSigner ? Buffer.concat([body, extension]) : body
  return Buffer.concat([signed, sign(null, signed, options.signer)])
}

/** A private Ed25519 key from its seed of 32 bytes. */
export function ed25519FromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([SEED_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

/**
 * The X25519 public key with the same secret as the Ed25519 key of `seed`. A relay makes its Ed25519 key from its ntor
 * key to sign with it; that needs arithmetic that `node:crypto` has not, the other direction is only a hash.
 */
export function ntorFromSeed(seed: Uint8Array): Buffer {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32)
  return rawKey(createPrivateKey({ key: Buffer.concat([X25519_HEAD, scalar]), format: 'der', type: 'pkcs8' }))
}
