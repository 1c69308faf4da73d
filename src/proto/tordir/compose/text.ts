/** The small parts that all directory documents are written with: objects, times, keys and bare RSA signatures. */
import { type KeyObject, constants, createHash, createPublicKey, privateEncrypt } from 'node:crypto'

/** Characters a line of an object. Source: RFC 7468. */
const OBJECT_LINE = 64

/** `-----BEGIN label-----`, base64 and the end, each line closed by LF. */
export function composeObject(label: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${OBJECT_LINE}}`, 'g')) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** `2022-11-19 10:00:00`, UTC, from ms since 1970. */
export function stamp(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

/** Base64 without the padding, as it stands in `r`, `m` and `id` lines. */
export function bare(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** SHA-1, SHA-256 ... of bytes or of text (UTF-8). */
export function digestOf(algorithm: 'sha1' | 'sha256', data: Uint8Array | string): Buffer {
  return createHash(algorithm).update(data).digest()
}

/** The bare public key (PKCS #1, DER) of a private or a public RSA key: what fingerprints are made of. */
export function rsaDer(key: KeyObject): Buffer {
  const pub = key.type === 'private' ? createPublicKey(key) : key
  return pub.export({ type: 'pkcs1', format: 'der' })
}

/** SHA-1 of an RSA key, 40 upper-case hexadecimal digits: an authority's or relay's fingerprint. */
export function rsaFingerprint(key: KeyObject): string {
  return digestOf('sha1', rsaDer(key)).toString('hex').toUpperCase()
}

/** The directory's RSA signature: PKCS #1 1.5 padding around the digest alone, without the algorithm's name. */
export function signBare(key: KeyObject, digest: Uint8Array): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digest)
}

/** The 32 bytes of an Ed25519 or X25519 public key, from a private or a public one. */
export function rawKey(key: KeyObject): Buffer {
  const pub = key.type === 'private' ? createPublicKey(key) : key
  return Buffer.from(pub.export({ format: 'jwk' }).x ?? '', 'base64url')
}
