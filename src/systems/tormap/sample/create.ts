/** Makes the sample: what the page shows on a machine that has no consensus yet. Signed, and worth nothing. */
import type { KeyObject } from 'node:crypto'
import { type TestAuthority, createAuthority } from '#proto/tordir/compose/authority.ts'
import { composeConsensus } from '#proto/tordir/compose/consensus.ts'
import { composeServerDescriptor, descriptorDigest } from '#proto/tordir/compose/descriptor.ts'
import { rsaFingerprint } from '#proto/tordir/compose/text.ts'
import type { RelayEntry, TrustedAuthority } from '#proto/tordir/types.ts'
import { sampleKeys } from './keys.ts'
import { AUTHORITIES, type SampleRelay, inventRelays } from './relays.ts'

const HOUR_MS = 3_600_000
/** So that the slider and the graphs have something to show. */
const DEFAULT_HOURS = 24
const MAX_HOURS = 7 * 24
const UNLUCKY_SYSTEM = 64_498
const AUTHORITY_KEY_BITS = 2048
const RELAY_KEY_BITS = 1024
const RECOMMENDED = ['0.4.8.21', '0.4.8.22', '0.4.9.11']
const EXIT_POLICY = [
  'reject 0.0.0.0/8:*',
  'reject 10.0.0.0/8:*',
  'accept *:53',
  'accept *:80',
  'accept *:443',
  'reject *:*',
]

/** Documents of a network that does not exist. */
export interface Sample {
  readonly authorities: readonly TrustedAuthority[]
  readonly certificates: Uint8Array
  /** Oldest first; the last one is of the hour that `now` lies in. `descriptors` is the same array in all of them. */
  readonly hours: readonly { readonly consensus: Uint8Array; readonly descriptors: Uint8Array }[]
}

/** A relay with its name and the digest of its descriptor. */
interface Published {
  readonly relay: SampleRelay
  readonly fingerprint: string
  readonly digest: string
  readonly at: number
}

/** Makes the last `count` hours of the sample's network; `now` is ms since 1970. */
export async function createSample(now: number, count: number = DEFAULT_HOURS): Promise<Sample> {
  const newest = Math.floor(now / HOUR_MS) * HOUR_MS
  const hours = Math.min(Math.max(1, count), MAX_HOURS)
  // The same for one hour and for a day: what is published does not depend on how much of it is asked for.
  const start = newest - Math.max(hours, DEFAULT_HOURS) * HOUR_MS
  const authorities = await createAuthorities(start)
  const relays = inventRelays()
  const keys = await sampleKeys('relay', relays.length, RELAY_KEY_BITS)
  const { published, descriptors } = describe(relays, keys, start)
  const at = (age: number): Uint8Array =>
    composeConsensus({
      flavour: 'ns',
      validAfter: newest - age * HOUR_MS,
      relays: published.flatMap((one, index) => entryAt(one, index, age)),
      authorities,
      clientVersions: RECOMMENDED,
      serverVersions: RECOMMENDED,
    })
  return {
    authorities: authorities.map(({ trusted }) => trusted),
    certificates: new TextEncoder().encode(authorities.map(({ certificate }) => certificate).join('')),
    hours: Array.from({ length: hours }, (_, index) => ({ consensus: at(hours - 1 - index), descriptors })),
  }
}

async function createAuthorities(published: number): Promise<readonly TestAuthority[]> {
  const keys = await sampleKeys('authority', 2 * AUTHORITIES, AUTHORITY_KEY_BITS)
  const pairs = Array.from({ length: AUTHORITIES }, (_, index) => keys.slice(2 * index, 2 * index + 2))
  return Promise.all(
    pairs.map(([identity, signing], index) =>
      createAuthority(`SAMPLE${index + 1}`, {
        published,
        address: `192.0.2.${index + 1}`,
        dirPort: 80,
        orPort: 443,
        contact: 'SAMPLE, an invented authority whose key everybody has',
        ...(identity === undefined || signing === undefined ? {} : { keys: { identity, signing } }),
      }),
    ),
  )
}

/**
 * Has every relay publish one descriptor, in the hour before `start`. Signed with RSA alone and with one onion key for
 * all: Ed25519 keys for everybody would double the time that the sample takes.
 */
function describe(
  relays: readonly SampleRelay[],
  keys: readonly KeyObject[],
  start: number,
): { published: readonly Published[]; descriptors: Uint8Array } {
  const fingerprints = keys.map(rsaFingerprint)
  const texts: string[] = []
  const published = relays.flatMap((relay, index) => {
    const [identity, onion, fingerprint] = [keys[index], keys[0], fingerprints[index]]
    if (identity === undefined || onion === undefined || fingerprint === undefined) return []
    const isFamily = (other: number): boolean => relay.operator !== null && relays[other]?.operator === relay.operator
    const at = start - (index % 60) * 60_000
    const text = composeServerDescriptor(
      {
        ...relay,
        published: at,
        platform: `Tor ${relay.version} on ${relay.platform}`,
        uptime: (index % 97) * 36_000,
        bandwidth: { average: 1 << 30, burst: 1 << 30, observed: relay.observed },
        family: fingerprints.flatMap((member, other) => (isFamily(other) ? [`$${member}`] : [])),
        exitPolicy: relay.isExit ? EXIT_POLICY : ['reject *:*'],
      },
      { identity, onion, seed: null },
    )
    texts.push(text)
    return [{ relay, fingerprint, digest: descriptorDigest(text), at }]
  })
  return { published, descriptors: new TextEncoder().encode(texts.join('')) }
}

/** What a consensus says of a relay `age` hours before the newest; nothing when it is not there. */
function entryAt({ relay, fingerprint, digest, at }: Published, index: number, age: number): readonly RelayEntry[] {
  const isNapping = relay.naps > 0 && (age + index) % relay.naps === 0
  if (age > relay.joins || age <= relay.leaves || isNapping || isOutage(relay, age)) return []
  // Measurements swing: by a tenth, over a day.
  const weight = Math.round((relay.observed / 1000) * (1 + Math.sin(index + (age * Math.PI) / 12) / 10))
  return [
    {
      nickname: relay.nickname,
      fingerprint,
      digest,
      published: at,
      address: relay.address,
      orPort: relay.orPort,
      dirPort: relay.dirPort,
      otherAddresses: relay.otherAddresses,
      flags: relay.flags,
      version: `Tor ${relay.version}`,
      weight: Math.max(1, weight),
      unmeasured: relay.joins - age <= 2,
      exitPolicy: relay.isExit ? 'accept 53,80,443' : 'reject 1-65535',
      protocols: null,
    },
  ]
}

/** One of the networks was away for two hours: something to be found in the graphs. */
function isOutage({ as, flags }: SampleRelay, age: number): boolean {
  return as.number === UNLUCKY_SYSTEM && (age === 9 || age === 10) && !flags.includes('Authority')
}
