/** Whether a descriptor was made by who holds its keys. Source: dir-spec 2.1.1. */
import { createHash } from 'node:crypto'
import { type Items, itemKey, itemWord } from './documents.ts'
import { certificateType, ed25519Signed, parseEd25519Certificate } from './ed25519-cert.ts'
import { RSA_LABEL, isSignatureOf, rsaKey } from './keys.ts'
import { type Lexer, argumentText, fail, objectBytes } from './lexer.ts'

/** Stands before the text when it is hashed for `router-sig-ed25519`. */
export const ED25519_PREFIX = 'Tor router descriptor signature v1'
/** Of a relay's RSA identity. Source: tor-spec, "Preliminaries". */
const KEY_BITS = 1024

/** What is signed with RSA: everything up to the end of the line `router-signature`. */
export function signedText(items: Items): Uint8Array {
  const last = items.one('router-signature')
  if (items.order.at(-1) !== 'router-signature') fail(last, 'something follows the signature')
  return last.bytes.subarray(0, last.end + 1)
}

/** SHA-1 of what is signed with RSA, in upper-case hexadecimal: what other documents call this one. */
export function signedDigest(items: Items): string {
  return createHash('sha1').update(signedText(items)).digest('hex').toUpperCase()
}

/**
 * Checks `router-signature` by the key of `signing-key`, and answers that key's fingerprint, which names the relay.
 * `digest`: SHA-1 of what is signed; with `isVouched`, that is proof enough, and only the key's name is worked out.
 */
export function checkRsa(items: Items, digest: string, isVouched: boolean): string {
  const holder = items.one('signing-key')
  const der = objectBytes(holder, RSA_LABEL)
  const fingerprint = createHash('sha1').update(der).digest('hex').toUpperCase()
  const said = items.maybe('fingerprint')
  if (said !== null && argumentText(said).replaceAll(' ', '') !== fingerprint) {
    fail(said, 'fingerprint is that of another key')
  }
  if (isVouched) return fingerprint
  const key = rsaKey(der, KEY_BITS)
  if (key?.key.asymmetricKeyDetails?.modulusLength !== KEY_BITS) {
    return fail(holder, `signing-key is no RSA key of ${KEY_BITS} bits`)
  }
  const last = items.one('router-signature')
  const isGood = isSignatureOf(key, objectBytes(last, 'SIGNATURE'), Buffer.from(digest, 'hex'))
  return isGood ? fingerprint : fail(last, 'the RSA signature is wrong')
}

/**
 * Checks `router-sig-ed25519` and the certificate it rests on, and answers the identity's key (base64); null for a
 * document that has neither. `published` (ms): when the certificate must have been good. `isVouched`: as in `checkRsa`.
 */
export function checkEd25519(items: Items, published: number, isVouched = false): string | null {
  const [holder, last] = [items.maybe('identity-ed25519'), items.maybe('router-sig-ed25519')]
  if (holder === null && last === null) return null
  if (holder === null) return fail(items.one('router-sig-ed25519'), 'identity-ed25519 is missing')
  if (last === null) return fail(holder, 'router-sig-ed25519 is missing')
  if (items.order[1] !== 'identity-ed25519') fail(holder, 'identity-ed25519 must be the second item')
  if (items.order.at(-2) !== 'router-sig-ed25519') fail(last, 'router-sig-ed25519 must be the item before the last')
  const certificate = parseEd25519Certificate(objectBytes(holder, 'ED25519 CERT'))
  if (certificate === null || certificate.signer === null) return fail(holder, 'identity-ed25519 is no certificate')
  if (certificate.type !== certificateType.identitySigning) fail(holder, 'identity-ed25519 is of the wrong type')
  if (certificate.expires < published) fail(holder, 'the signing key had expired when the document was published')
  if (!isVouched && !ed25519Signed(certificate.signer, certificate.signed, certificate.signature)) {
    fail(holder, 'the identity did not sign the signing key')
  }
  const identity = Buffer.from(certificate.signer).toString('base64').replace(/=$/, '')
  const master = items.maybe('master-key-ed25519')
  if (master !== null && itemKey(master, itemWord(master)) !== identity) {
    fail(master, 'master-key-ed25519 is another key than that of the certificate')
  }
  if (!isVouched && !ed25519Signed(certificate.key, ed25519Digest(last), signature(last))) {
    fail(last, 'the Ed25519 signature is wrong')
  }
  return identity
}

/** SHA-256 of the prefix and the text up to the space behind `router-sig-ed25519`. */
function ed25519Digest(last: Lexer): Uint8Array {
  const signed = last.bytes.subarray(0, last.args)
  return createHash('sha256').update(ED25519_PREFIX).update(signed).digest()
}

function signature(last: Lexer): Uint8Array {
  const word = itemWord(last)
  const bytes = Buffer.from(word, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === word ? bytes : fail(last, 'router-sig-ed25519 is not base64')
}
