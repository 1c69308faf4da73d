/** Whether a consensus is to be believed: more than half of the trusted authorities signed it. Source: dir-spec 3.4.1. */
import { createHash } from 'node:crypto'
import { isSignatureOf, rsaKey } from './keys.ts'
import type {
  AuthorityCertificate,
  Consensus,
  DirectorySignature,
  SignatureState,
  TrustedAuthority,
  Verification,
} from './types.ts'

/** The hash that signatures of a flavour are made with. No other counts: nobody may choose a weaker one. */
const ALGORITHM = { ns: 'sha1', microdesc: 'sha256' } as const
/** How far our clock may be behind the authorities'. Source: tor, EARLY_CONSENSUS_NOTICE_SKEW. */
const CLOCK_SKEW_MS = 60_000
/** Certificates were checked for more when they were read. */
const MIN_KEY_BITS = 1024

/** Says of a consensus (or of Onionoo JSON) that nothing was checked. */
export function unverified(why: string): Verification {
  return { state: 'unverified', good: 0, needed: 0, authorities: 0, signatures: [], why }
}

/**
 * Checks the signatures of a parsed consensus, whose bytes these are, and its times at `now` (ms since 1970). `good` is
 * said when more than half of `trusted` signed; `unverified` when that can't be known for lack of certificates.
 */
export function verifyConsensus(
  bytes: Uint8Array,
  consensus: Consensus,
  certificates: readonly AuthorityCertificate[],
  trusted: readonly TrustedAuthority[],
  now: number,
): Verification {
  const algorithm = ALGORITHM[consensus.flavour]
  const { start, end } = consensus.signed
  const digest = createHash(algorithm).update(bytes.subarray(start, end)).digest()
  const names = new Map(trusted.map(({ identity, nickname }) => [identity, nickname]))
  const voters = new Map(consensus.voters.map(({ identity, nickname }) => [identity, nickname]))
  const keys = new Map(certificates.map((certificate) => [keyOf(certificate), certificate]))
  const signatures = consensus.signatures.map((signature) => ({
    nickname: names.get(signature.identity) ?? voters.get(signature.identity) ?? '',
    identity: signature.identity,
    state: stateOf(signature),
  }))
  function stateOf(signature: DirectorySignature): SignatureState {
    if (!names.has(signature.identity)) return 'not-trusted'
    if (signature.algorithm !== algorithm) return 'unsupported'
    const certificate = keys.get(keyOf(signature))
    if (certificate === undefined) return 'no-certificate'
    if (certificate.expires < now) return 'expired-certificate'
    const key = rsaKey(Buffer.from(certificate.signingKey, 'base64'), MIN_KEY_BITS)
    return key !== null && isSignatureOf(key, signature.signature, digest) ? 'good' : 'bad'
  }
  return { ...judge(consensus, signatures, names.size, now), signatures }
}

/** What a certificate and a signature must have in common. */
function keyOf({ identity, signingKeyDigest }: { identity: string; signingKeyDigest: string }): string {
  return `${identity} ${signingKeyDigest}`
}

function judge(
  { validAfter, validUntil }: Consensus,
  signatures: Verification['signatures'],
  authorities: number,
  now: number,
): Omit<Verification, 'signatures'> {
  const needed = Math.floor(authorities / 2) + 1
  const count = (...states: readonly SignatureState[]): number =>
    new Set(signatures.filter(({ state }) => states.includes(state)).map(({ identity }) => identity)).size
  const good = count('good')
  const said = { good, needed, authorities }
  const signed = `${good} of ${authorities} trusted authorities signed it, ${needed} must`
  if (now < validAfter - CLOCK_SKEW_MS)
    return { ...said, state: 'bad', why: `It is not valid before ${utc(validAfter)}.` }
  if (now > validUntil) return { ...said, state: 'bad', why: `It was valid until ${utc(validUntil)}.` }
  if (good >= needed) return { ...said, state: 'good', why: `${good} of ${authorities} trusted authorities signed it.` }
  const unknown = count('no-certificate', 'expired-certificate')
  if (unknown > 0 && count('good', 'no-certificate', 'expired-certificate') >= needed) {
    return {
      ...said,
      state: 'unverified',
      why: `${signed}; for ${unknown} more there is no valid certificate to check with.`,
    }
  }
  return { ...said, state: 'bad', why: `Only ${signed}.` }
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
