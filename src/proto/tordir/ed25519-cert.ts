/** Tor's Ed25519 certificates: one key vouches for another until a certain hour. Source: cert-spec 2. */
import { createPublicKey, verify } from 'node:crypto'

/** What a certificate is for. Source: cert-spec A.1. */
export const certificateType = { identitySigning: 4, ntorCross: 10, familyIdentity: 12 } as const

export interface Ed25519Certificate {
  /** One of `certificateType`, or something newer. */
  readonly type: number
  /** ms since 1970; the certificate has whole hours. */
  readonly expires: number
  /** The 32 bytes that are vouched for. */
  readonly key: Uint8Array
  /** Public key of who vouches, 32 bytes; null when the certificate doesn't hold it. */
  readonly signer: Uint8Array | null
  /** What is signed. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

const HOUR_MS = 3_600_000
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
/** Version, type, expiry, kind of key, key, number of extensions. */
const HEAD_BYTES = 40
const EXTENSIONS_AT = 39
const KEY_AT = 7
const SIGNED_WITH = 4
/** A flag: who does not know this extension must refuse the certificate. */
const AFFECTS_VALIDATION = 1

/** Reads a certificate; null when it is none, or holds what must be understood and is not. */
export function parseEd25519Certificate(bytes: Uint8Array): Ed25519Certificate | null {
  const end = bytes.length - SIGNATURE_BYTES
  if (end < HEAD_BYTES || bytes[0] !== 1) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let signer: Uint8Array | null = null
  let at = HEAD_BYTES
  for (let left = view.getUint8(EXTENSIONS_AT); left > 0; left--) {
    if (at + 4 > end) return null
    const length = view.getUint16(at)
    const [type, flags] = [view.getUint8(at + 2), view.getUint8(at + 3)]
    const value = bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
    if (at > end) return null
    if (type === SIGNED_WITH) {
      if (length !== KEY_BYTES || signer !== null) return null
      signer = value
    } else if ((flags & AFFECTS_VALIDATION) !== 0) return null
  }
  if (at !== end) return null
  return {
    type: view.getUint8(1),
    expires: view.getUint32(2) * HOUR_MS,
    key: bytes.subarray(KEY_AT, KEY_AT + KEY_BYTES),
    signer,
    signed: bytes.subarray(0, end),
    signature: bytes.subarray(end),
  }
}

/** Whether `key` (32 bytes) signed `message`. */
export function ed25519Signed(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  // Fifteen times as fast as the same key in DER.
  const x = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, message, publicKey, signature)
}
