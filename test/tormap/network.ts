/** A small signed network in memory: authorities, a consensus an hour, and descriptors that it names. */
import type { Flavour, RelayEntry, TrustedAuthority } from '#proto/tordir/types.ts'
import { type TestAuthority, createAuthority } from '#proto/tordir/compose/authority.ts'
import { composeConsensus } from '#proto/tordir/compose/consensus.ts'
import {
  type RelayKeys,
  composeMicrodescriptor,
  composeServerDescriptor,
  createRelayKeys,
  descriptorDigest,
  microdescriptorDigest,
} from '#proto/tordir/compose/descriptor.ts'
import { digestOf, rsaFingerprint } from '#proto/tordir/compose/text.ts'
import type { Directory } from './dirport.ts'

export const HOUR_MS = 3_600_000
/** The first hour. */
export const START: number = Date.UTC(2026, 10, 1, 10)

/** Authorities and relays; everything else is made from them. */
export interface Network {
  readonly authorities: readonly TestAuthority[]
  readonly trusted: readonly TrustedAuthority[]
  /** `DirAuthority` lines of these authorities. */
  readonly lines: readonly string[]
  readonly keys: readonly RelayKeys[]
}

/** Three authorities, and keys for some relays: making them takes long. */
export async function makeNetwork(keyCount: number): Promise<Network> {
  const published = START - 24 * HOUR_MS
  const names = ['auth0', 'auth1', 'auth2']
  const authorities = await Promise.all(names.map((name) => createAuthority(name, { published })))
  const lines = authorities.map(
    ({ nickname, identity }, index) =>
      `DirAuthority ${nickname} orport=5000 v3ident=${identity} 127.0.0.1:7000 ${String(index).repeat(40)}`,
  )
  const keys = await Promise.all(
    Array.from({ length: keyCount }, (_, index) => createRelayKeys(Buffer.alloc(32, index + 1))),
  )
  return { authorities, trusted: authorities.map(({ trusted }) => trusted), lines, keys }
}

export interface HourOptions {
  readonly flavour?: Flavour
  /** Who signed the consensus; all authorities by default. */
  readonly signers?: readonly TestAuthority[]
  /** More than there are keys: then the keys are used again, under other fingerprints, for fetching only. */
  readonly relays?: number
}

/** What a directory server has at an hour. */
export function directoryAt(network: Network, hour: number, options: HourOptions = {}): Directory {
  const { flavour = 'ns', signers = network.authorities, relays = network.keys.length } = options
  const validAfter = START + hour * HOUR_MS
  const made = Array.from({ length: relays }, (_, index) => relay(network, index, hour, flavour))
  const certificates = network.authorities.map((one) => [`${one.identity}-${one.signingKeyDigest}`, one.certificate])
  const entries = made.map(({ entry }) => entry)
  return {
    consensus: composeConsensus({ flavour, validAfter, relays: entries, authorities: network.authorities, signers }),
    earlier: [],
    certificates: Object.fromEntries(certificates) as Record<string, string>,
    descriptors: Object.fromEntries(made.map(({ entry, text }) => [entry.digest, text])),
  }
}

function relay(
  { keys: all }: Network,
  index: number,
  hour: number,
  flavour: Flavour,
): { readonly entry: RelayEntry; readonly text: string } {
  const keys = all[index % all.length] as RelayKeys
  const nickname = `relay${index}`
  const address = `192.0.2.${(index % 250) + 1}`
  const bandwidth = { average: 1e6, burst: 2e6, observed: 7e5 }
  const server = { nickname, address, published: START, contact: `noc${index}@example.org`, bandwidth }
  const text =
    flavour === 'ns'
      ? composeServerDescriptor(server, keys)
      : composeMicrodescriptor({ exitPolicy: `reject ${index + 1}` }, keys)
  const entry = {
    nickname,
    fingerprint:
      index < all.length ? rsaFingerprint(keys.identity) : digestOf('sha1', nickname).toString('hex').toUpperCase(),
    digest: flavour === 'ns' ? descriptorDigest(text) : microdescriptorDigest(text),
    published: START,
    address,
    orPort: 9001,
    dirPort: 0,
    otherAddresses: [],
    flags: index % 2 === 0 ? ['Exit', 'Fast', 'Running', 'Valid'] : ['Guard', 'Running', 'Stable', 'Valid'],
    version: 'Tor 0.4.9.11',
    // Changes every hour.
    weight: 1000 + index + hour,
    unmeasured: false,
    exitPolicy: 'accept 80,443',
    protocols: null,
  }
  return { entry, text }
}
