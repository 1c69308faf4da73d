/** Writes the certificate by which an authority's identity key vouches for a signing key. Source: dir-spec 3.1. */
import type { KeyObject } from 'node:crypto'
import { composeObject, digestOf, rsaDer, rsaFingerprint, signBare, stamp } from './text.ts'

export interface CertificateOptions {
  /** Private RSA keys. */
  readonly identity: KeyObject
  readonly signing: KeyObject
  /** ms since 1970. */
  readonly published: number
  readonly expires: number
  /** `127.0.0.1:7000`; without it the certificate has no `dir-address`. */
  readonly dir?: string | undefined
}

/** The certificate's text: cross-certified by the signing key, certified by the identity key. */
export function composeCertificate({ identity, signing, published, expires, dir }: CertificateOptions): string {
  const identityDer = rsaDer(identity)
  const certified = [
    'dir-key-certificate-version 3\n',
    dir === undefined ? '' : `dir-address ${dir}\n`,
    `fingerprint ${rsaFingerprint(identity)}\n`,
    `dir-key-published ${stamp(published)}\n`,
    `dir-key-expires ${stamp(expires)}\n`,
    `dir-identity-key\n${composeObject('RSA PUBLIC KEY', identityDer)}`,
    `dir-signing-key\n${composeObject('RSA PUBLIC KEY', rsaDer(signing))}`,
    `dir-key-crosscert\n${composeObject('ID SIGNATURE', signBare(signing, digestOf('sha1', identityDer)))}`,
    'dir-key-certification\n',
  ].join('')
  return certified + composeObject('SIGNATURE', signBare(identity, digestOf('sha1', certified)))
}
