/** Writes a consensus in either flavour and has it signed. Source: dir-spec 3.4. */
import type { Flavour, RelayEntry } from '../types.ts'
import type { TestAuthority } from './authority.ts'
import { bare, composeObject, digestOf, stamp } from './text.ts'

const HOUR_MS = 3_600_000
const VERSIONS = ['0.4.8.21', '0.4.8.22', '0.4.9.11']
/** What a `microdesc` consensus says instead of the time of the descriptor. Source: dir-spec, method 33. */
const NO_TIME = Date.UTC(2038, 0, 1)

export interface ConsensusOptions {
  readonly flavour: Flavour
  /** ms since 1970. */
  readonly validAfter: number
  /** An hour later by default. */
  readonly freshUntil?: number
  /** Three hours later by default. */
  readonly validUntil?: number
  /** In any order; `digest` as the flavour has it. */
  readonly relays: readonly RelayEntry[]
  /** Who voted. */
  readonly authorities: readonly TestAuthority[]
  /** Who signed; all that voted by default. */
  readonly signers?: readonly TestAuthority[]
  readonly method?: number
  readonly clientVersions?: readonly string[]
  readonly serverVersions?: readonly string[]
  /** All that relays have by default. */
  readonly knownFlags?: readonly string[]
  readonly params?: Readonly<Record<string, number>>
  readonly bandwidthWeights?: Readonly<Record<string, number>>
}

/** The whole document, signed. */
export function composeConsensus(options: ConsensusOptions): Uint8Array {
  const { flavour, relays, authorities, signers = authorities } = options
  const sorted = relays.toSorted((a, b) => compare(a.fingerprint, b.fingerprint))
  const signed = [
    preamble(options),
    ...authorities.toSorted(byIdentity).map((authority) => voter(authority, options.validAfter)),
    ...sorted.map((relay) => composeEntry(relay, flavour, options.validAfter)),
    `directory-footer\nbandwidth-weights${numbers(options.bandwidthWeights ?? { Wmx: 10_000 })}\n`,
    'directory-signature ',
  ].join('')
  const digest = digestOf(flavour === 'ns' ? 'sha1' : 'sha256', signed)
  const signatures = signers.toSorted(byIdentity).map((signer) => {
    const algorithm = flavour === 'ns' ? '' : 'sha256 '
    return `${algorithm}${signer.identity} ${signer.signingKeyDigest}\n${composeObject('SIGNATURE', signer.sign(digest))}`
  })
  return new TextEncoder().encode(signed + signatures.join('directory-signature '))
}

/** The lines of one relay. */
function composeEntry(relay: RelayEntry, flavour: Flavour, validAfter: number): string {
  const identity = bare(Buffer.from(relay.fingerprint, 'hex'))
  const isNs = flavour === 'ns'
  const digest = isNs ? ` ${bare(Buffer.from(relay.digest, 'hex'))}` : ''
  const published = stamp(isNs ? (relay.published ?? validAfter) : NO_TIME)
  const ports = `${relay.address} ${relay.orPort} ${relay.dirPort}`
  return [
    `r ${relay.nickname} ${identity}${digest} ${published} ${ports}\n`,
    ...relay.otherAddresses.map((address) => `a ${address}\n`),
    isNs ? '' : `m ${relay.digest}\n`,
    `s${relay.flags.map((flag) => ` ${flag}`).join('')}\n`,
    relay.version === null ? '' : `v ${relay.version}\n`,
    relay.protocols === null ? '' : `pr ${relay.protocols}\n`,
    `w Bandwidth=${relay.weight}${relay.unmeasured ? ' Unmeasured=1' : ''}\n`,
    isNs && relay.exitPolicy !== null ? `p ${relay.exitPolicy}\n` : '',
  ].join('')
}

function preamble(options: ConsensusOptions): string {
  const { flavour, validAfter, freshUntil = validAfter + HOUR_MS, validUntil = validAfter + 3 * HOUR_MS } = options
  const flags = options.knownFlags ?? [...new Set(options.relays.flatMap((relay) => relay.flags))].toSorted(compare)
  return [
    `network-status-version 3${flavour === 'ns' ? '' : ' microdesc'}`,
    'vote-status consensus',
    `consensus-method ${options.method ?? 35}`,
    `valid-after ${stamp(validAfter)}`,
    `fresh-until ${stamp(freshUntil)}`,
    `valid-until ${stamp(validUntil)}`,
    'voting-delay 300 300',
    `client-versions ${(options.clientVersions ?? VERSIONS).join(',')}`,
    `server-versions ${(options.serverVersions ?? VERSIONS).join(',')}`,
    `known-flags${flags.map((flag) => ` ${flag}`).join('')}`,
    `params${numbers(options.params ?? { cc_alg: 2 })}`,
    '',
  ].join('\n')
}

function voter({ nickname, identity, address, dirPort, orPort, contact }: TestAuthority, validAfter: number): string {
  const vote = digestOf('sha1', `${identity} ${validAfter}`).toString('hex').toUpperCase()
  return [
    `dir-source ${nickname} ${identity} ${address} ${address} ${dirPort} ${orPort}`,
    `contact ${contact}`,
    `vote-digest ${vote}`,
    '',
  ].join('\n')
}

/** ` a=1 b=2`, sorted as the directory wants it. */
function numbers(values: Readonly<Record<string, number>>): string {
  const entries = Object.entries(values).toSorted(([a], [b]) => compare(a, b))
  return entries.map(([name, value]) => ` ${name}=${value}`).join('')
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byIdentity = (a: TestAuthority, b: TestAuthority): number => compare(a.identity, b.identity)
