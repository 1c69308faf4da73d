/** RSA as the directory uses it: bare keys (PKCS #1) named by their SHA-1, signatures over the digest alone. dir-spec 1.3. */
import { type KeyObject, constants, createHash, createPublicKey, publicDecrypt } from 'node:crypto'

/** The label of the objects that hold keys. */
export const RSA_LABEL = 'RSA PUBLIC KEY'
/** The only exponent that tor makes and takes. */
const EXPONENT = 65537n
/** Authorities have 3072 (identity) and 2048 (signing). Above, a key would only cost time. */
const MAX_KEY_BITS = 4096

/** A public key and its name. */
export interface RsaKey {
  readonly key: KeyObject
  /** SHA-1 of the key's DER, 40 upper-case hexadecimal digits. */
  readonly fingerprint: string
}

/** Reads a key from its DER (PKCS #1); null when it is none, has too few or too many bits, or another exponent. */
export function rsaKey(der: Uint8Array, minBits: number): RsaKey | null {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' })
    const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {}
    if (modulusLength < minBits || modulusLength > MAX_KEY_BITS || publicExponent !== EXPONENT) return null
    // One key, one name: no bytes behind it, no other way to write it.
    if (!key.export({ format: 'der', type: 'pkcs1' }).equals(der)) return null
    return { key, fingerprint: createHash('sha1').update(der).digest('hex').toUpperCase() }
  } catch {
    return null
  }
}

/** Whether this is the key's signature of the digest: PKCS #1 1.5 padding without an algorithm's name. */
export function isSignatureOf({ key }: RsaKey, signature: Uint8Array, digest: Uint8Array): boolean {
  try {
    return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(digest)
  } catch {
    return false
  }
}
