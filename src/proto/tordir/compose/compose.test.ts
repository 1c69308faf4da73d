import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { parseCertificates } from '../certificate.ts'
import { parseConsensus } from '../consensus.ts'
import type { Flavour, RelayEntry } from '../types.ts'
import { verifyConsensus } from '../verify.ts'
import { type TestAuthority, createAuthority } from './authority.ts'
import { type ConsensusOptions, composeConsensus } from './consensus.ts'

const VALID_AFTER = Date.UTC(2026, 10, 22, 12)
const DAY_MS = 24 * 3_600_000

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase())

/** Relays that a consensus of the flavour can name. */
function relaysOf(flavour: Flavour): fc.Arbitrary<RelayEntry[]> {
  const isNs = flavour === 'ns'
  const base64 = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('base64').replace(/=$/, ''))
  const relay: fc.Arbitrary<RelayEntry> = fc.record(
    {
      nickname: fc.stringMatching(/^[A-Za-z0-9]{1,19}$/),
      fingerprint: hex(20),
      digest: isNs ? hex(20) : base64,
      published: isNs ? fc.integer({ min: 1, max: 2 ** 31 }).map((s) => s * 1000) : fc.constant(null),
      address: fc.ipV4(),
      orPort: fc.integer({ min: 1, max: 65_535 }),
      dirPort: fc.integer({ min: 0, max: 65_535 }),
      otherAddresses: fc.constantFrom([], ['[2001:db8::1]:9001']),
      flags: fc.subarray(['Exit', 'Fast', 'Guard', 'Running', 'Valid']),
      version: fc.constantFrom(null, 'Tor 0.4.9.11'),
      weight: fc.nat(0xffff_ffff),
      unmeasured: fc.boolean(),
      exitPolicy: isNs ? fc.constantFrom('accept 80,443', 'reject 1-65535') : fc.constant(null),
      protocols: fc.constantFrom(null, 'Link=1-5 Relay=2'),
    },
    { noNullPrototype: true },
  )
  return fc.uniqueArray(relay, { maxLength: 8, selector: ({ fingerprint }) => fingerprint })
}

describe('a composed consensus', () => {
  let authorities: readonly TestAuthority[]
  const base = (flavour: Flavour): ConsensusOptions => ({ flavour, validAfter: VALID_AFTER, relays: [], authorities })
  const verify = (bytes: Uint8Array, now: number = VALID_AFTER): ReturnType<typeof verifyConsensus> =>
    verifyConsensus(
      bytes,
      parseConsensus(bytes),
      parseCertificates(Buffer.from(authorities.map(({ certificate }) => certificate).join(''))),
      authorities.map(({ trusted }) => trusted),
      now,
    )
  before(async () => {
    const names = ['one', 'two', 'three']
    authorities = await Promise.all(names.map((name) => createAuthority(name, { published: VALID_AFTER - DAY_MS })))
  })

  for (const flavour of ['ns', 'microdesc'] as const) {
    it(`says what was put into it, and is verified (${flavour})`, () => {
      fc.assert(
        fc.property(relaysOf(flavour), (relays) => {
          const bytes = composeConsensus({ ...base(flavour), relays })
          const consensus = parseConsensus(bytes)
          assert.deepEqual(
            consensus.relays,
            relays.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
          )
          assert.equal(consensus.validAfter, VALID_AFTER)
          assert.equal(consensus.flavour, flavour)
          const { state, good, needed } = verify(bytes)
          assert.deepEqual([state, good, needed], ['good', 3, 2])
        }),
        { numRuns: 30 },
      )
    })
  }

  it('is bad when too few signed it, or when a certificate has expired', () => {
    const [one = assert.fail()] = authorities
    assert.equal(verify(composeConsensus({ ...base('ns'), signers: [one] })).state, 'bad')
    const late = VALID_AFTER + 2 * 365 * DAY_MS
    const bytes = composeConsensus({ ...base('ns'), validAfter: late })
    assert.deepEqual(
      verify(bytes, late).signatures.map(({ state }) => state),
      Array.from({ length: 3 }, () => 'expired-certificate'),
    )
  })
})
