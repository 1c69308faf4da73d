/** Certificates of authorities: an identity key that lies in a safe vouches for a signing key. Source: dir-spec 3.1. */
import { createHash } from 'node:crypto'
import { RSA_LABEL, type RsaKey, isSignatureOf, rsaKey } from './keys.ts'
import { parseTime } from './lexer-fields.ts'
import {
  type Lexer,
  advance,
  argumentText,
  argumentWords,
  expectKeyword,
  expectNoObject,
  fail,
  ignoreUnknown,
  lexer,
  objectBytes,
  step,
} from './lexer.ts'
import type { AuthorityCertificate } from './types.ts'

/** Nine authorities, each with a few years of certificates. */
const MAX_CERTIFICATES = 256
/** What `tor-gencert` has made since 2008 at least. */
const MIN_KEY_BITS = 2048

const FIRST = 'dir-key-certificate-version'
const LAST = 'dir-key-certification'

/**
 * Reads certificates that follow one another, as in tor's `cached-certs`, and checks both signatures of each: the
 * identity key's of the text, the signing key's of the identity. Throws a TordirError at the first that is not right.
 * CRLF, which some archives have made of the line ends, is read as LF: that is what was signed.
 */
export function parseCertificates(bytes: Uint8Array): readonly AuthorityCertificate[] {
  const lx = lexer(withoutCr(bytes))
  const certificates: AuthorityCertificate[] = []
  while (advance(lx)) {
    if (certificates.length === MAX_CERTIFICATES) fail(lx, `there are more than ${MAX_CERTIFICATES} certificates`)
    certificates.push(readCertificate(lx))
  }
  return certificates
}

function withoutCr(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(13)) return bytes
  return Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
}

/** Lines that a certificate has once, with the label of their object. */
const LINES = new Map<string, string | null>([
  ['dir-address', null],
  ['fingerprint', null],
  ['dir-key-published', null],
  ['dir-key-expires', null],
  ['dir-identity-key', RSA_LABEL],
  ['dir-signing-key', RSA_LABEL],
  ['dir-key-crosscert', 'ID SIGNATURE'],
  [LAST, 'SIGNATURE'],
])

/** A line's arguments or the bytes of its object, and where it is. */
interface Line {
  readonly text: string
  readonly object: Uint8Array
  readonly offset: number
}

function readCertificate(lx: Lexer): AuthorityCertificate {
  const start = lx.offset
  expectKeyword(lx, FIRST, `a certificate begins with ${FIRST}, not with this`)
  if (argumentWords(lx)[0] !== '3') fail(lx, 'the version of the certificate is not 3', lx.args)
  expectNoObject(lx)
  const lines = new Map<string, Line>()
  while (lx.keyword !== LAST) {
    step(lx)
    if (lx.keyword === FIRST) fail(lx, `the certificate before has no ${LAST}`)
    takeLine(lx, lines)
  }
  return check(lx, lines, lx.text.slice(start, lx.end + 1))
}

function takeLine(lx: Lexer, lines: Map<string, Line>): void {
  const label = LINES.get(lx.keyword)
  if (label === undefined) return ignoreUnknown(lx)
  if (lines.has(lx.keyword)) fail(lx, `the certificate has a second ${lx.keyword} line`)
  if (label === null) expectNoObject(lx)
  const object = label === null ? new Uint8Array() : objectBytes(lx, label)
  lines.set(lx.keyword, { text: argumentText(lx), object, offset: lx.offset })
}

function check(lx: Lexer, lines: ReadonlyMap<string, Line>, certified: string): AuthorityCertificate {
  const line = (keyword: string): Line => lines.get(keyword) ?? fail(lx, `the certificate has no ${keyword} line`)
  const refuse = (keyword: string, what: string): never => fail(lx, what, line(keyword).offset)
  const time = (keyword: string): number =>
    parseTime(line(keyword).text) ?? refuse(keyword, `the time of ${keyword} is not valid`)
  const key = (keyword: string): RsaKey =>
    rsaKey(line(keyword).object, MIN_KEY_BITS) ??
    refuse(keyword, `the key of ${keyword} is not one that an authority has`)
  const sha1 = (data: Uint8Array | string): Buffer => createHash('sha1').update(data).digest()

  const identityDer = line('dir-identity-key').object
  const [identity, signing] = [key('dir-identity-key'), key('dir-signing-key')]
  const [published, expires] = [time('dir-key-published'), time('dir-key-expires')]
  if (line('fingerprint').text !== identity.fingerprint) refuse('fingerprint', 'the fingerprint is that of another key')
  if (expires <= published) refuse('dir-key-expires', 'the certificate expires before it begins')
  if (!isSignatureOf(signing, line('dir-key-crosscert').object, sha1(identityDer))) {
    refuse('dir-key-crosscert', 'the signing key does not answer for this identity key')
  }
  if (!isSignatureOf(identity, line(LAST).object, sha1(Buffer.from(certified, 'latin1')))) {
    refuse(LAST, 'the identity key did not sign this certificate')
  }
  return {
    identity: identity.fingerprint,
    identityKey: Buffer.from(identityDer).toString('base64'),
    signingKey: Buffer.from(line('dir-signing-key').object).toString('base64'),
    signingKeyDigest: signing.fingerprint,
    published,
    expires,
  }
}
