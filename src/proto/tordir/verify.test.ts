import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseDirAuthority, trustedAuthorities } from './authorities.ts'
import { parseCertificates } from './certificate.ts'
import { createAuthority } from './compose/authority.ts'
import { composeConsensus } from './compose/consensus.ts'
import { parseConsensus } from './consensus.ts'
import { TordirError } from './error.ts'
import type { AuthorityCertificate, Consensus, TrustedAuthority, Verification } from './types.ts'
import { unverified, verifyConsensus } from './verify.ts'

const SIGNED = join(import.meta.dirname, 'fixtures/consensus/signed')
const fixture = (name: string): Buffer => readFileSync(join(SIGNED, `${name}.txt`))
/** Three authorities are trusted, two of them signed: each signature is needed. */
const trusted = fixture('authorities').toString().trimEnd().split('\n').map(parseDirAuthority)
const certificates = parseCertificates(fixture('certificates'))
const NOON = Date.UTC(2026, 0, 15, 12)
const HOUR_MS = 3_600_000

interface Case {
  readonly bytes?: Uint8Array
  readonly consensus?: Consensus
  readonly certificates?: readonly AuthorityCertificate[]
  readonly trusted?: readonly TrustedAuthority[]
  readonly now?: number
}

function verify(flavour: 'ns' | 'microdesc', given: Case = {}): Verification {
  const bytes = given.bytes ?? fixture(flavour)
  const consensus = given.consensus ?? parseConsensus(bytes)
  return verifyConsensus(
    bytes,
    consensus,
    given.certificates ?? certificates,
    given.trusted ?? trusted,
    given.now ?? NOON,
  )
}

describe('a consensus that is signed', () => {
  for (const flavour of ['ns', 'microdesc'] as const) {
    it(`${flavour}: is good when more than half of the trusted authorities signed it`, () => {
      assert.deepEqual(verify(flavour), {
        state: 'good',
        good: 2,
        needed: 2,
        authorities: 3,
        signatures: [
          { nickname: 'tide', identity: trusted[1]?.identity, state: 'good' },
          { nickname: 'moon', identity: trusted[0]?.identity, state: 'good' },
        ],
        why: '2 of 3 trusted authorities signed it.',
      })
    })

    it(`${flavour}: is not good any more when it is cut, at any byte`, () => {
      const whole = fixture(flavour)
      for (let length = 0; length < whole.length; length += 1) notGood(whole.subarray(0, length), `cut at ${length}`)
    })

    it(`${flavour}: is not good any more when a byte is another, any byte`, () => {
      const whole = fixture(flavour)
      const { end } = parseConsensus(whole).signed
      for (let at = 0; at < whole.length; at += 1) {
        for (const flip of [0x01, 0x20]) notGood(changed(whole, at, (whole[at] ?? 0) ^ flip), `byte ${at} ^ ${flip}`)
        // Behind what is signed only the parser stands: what is easily overlooked there.
        if (at >= end)
          for (const byte of Buffer.from('\n\t =A\0')) notGood(changed(whole, at, byte), `byte ${at} = ${byte}`)
      }
    })
  }

  it('is not good any more without a line, any line', () => {
    const lines = fixture('ns')
      .toString()
      .split(/(?<=\n)/)
    for (let at = 0; at < lines.length; at += 1)
      notGood(Buffer.from(lines.toSpliced(at, 1).join('')), `without line ${at + 1}`)
  })

  function notGood(bytes: Uint8Array, what: string): void {
    try {
      const { state } = verify('ns', { bytes })
      assert.notEqual(state, 'good', what)
    } catch (error) {
      assert.ok(error instanceof TordirError, `${what}: ${String(error)}`)
    }
  }
  function changed(bytes: Buffer, at: number, byte: number): Buffer {
    const copy = Buffer.from(bytes)
    copy[at] = byte === bytes[at] ? byte ^ 1 : byte
    return copy
  }
})

describe('a verification', () => {
  it('asks for more than half of the authorities that are trusted, not of those that signed', () => {
    const strangers = [1, 2].map((index) => ({
      nickname: `x${index}`,
      identity: String(index).repeat(40),
      dir: null,
      or: null,
    }))
    const { state, good, needed, why } = verify('ns', { trusted: [...trusted, ...strangers] })
    assert.deepEqual([state, good, needed], ['bad', 2, 3])
    assert.equal(why, 'Only 2 of 5 trusted authorities signed it, 3 must.')
    assert.equal(
      verify('ns', { trusted: [...trusted, ...strangers.slice(1)] }).state,
      'bad',
      'half is not more than half',
    )
    assert.equal(verify('ns', { trusted: trusted.slice(0, 2) }).state, 'good')
    assert.equal(verify('ns', { trusted: [] }).state, 'bad')
  })

  it('counts nobody who is not trusted, and nobody twice', () => {
    const { state, signatures } = verify('ns', { trusted: trusted.slice(1) })
    assert.deepEqual([state, signatures.map((signature) => signature.state)], ['bad', ['good', 'not-trusted']])
    const once = fixture('ns')
    const from = once.indexOf('directory-signature')
    const to = once.indexOf('directory-signature', from + 1)
    const twice = Buffer.concat([once.subarray(0, to), once.subarray(from, to)])
    assert.deepEqual([verify('ns', { bytes: twice }).good, verify('ns', { bytes: twice }).state], [1, 'bad'])
  })

  it('says that it can not know without certificates, or with those that have expired', () => {
    const none = verify('ns', { certificates: [] })
    assert.deepEqual([none.state, none.good], ['unverified', 0])
    assert.deepEqual(
      none.signatures.map(({ state }) => state),
      ['no-certificate', 'no-certificate'],
    )
    assert.match(none.why, /for 2 more there is no valid certificate/)
    const expired = certificates.map((certificate) => ({ ...certificate, expires: NOON - 1 }))
    assert.deepEqual(
      verify('ns', { certificates: expired }).signatures.map(({ state }) => state),
      ['expired-certificate', 'expired-certificate'],
    )
    assert.equal(verify('ns', { certificates: expired }).state, 'unverified')
  })

  it('takes the certificate of the signing key that is named, not another of the authority', () => {
    const [first] = certificates
    const swapped = certificates.map((certificate) => ({ ...certificate, signingKey: first?.signingKey ?? '' }))
    assert.equal(verify('ns', { certificates: swapped }).state, 'bad')
    const broken = certificates.map((certificate) => ({ ...certificate, signingKey: 'AAAA' }))
    assert.deepEqual(
      verify('ns', { certificates: broken }).signatures.map(({ state }) => state),
      ['bad', 'bad'],
    )
  })

  it('holds from valid-after to valid-until, with a minute for a clock that is slow', () => {
    assert.equal(verify('ns', { now: NOON - 60_000 }).state, 'good')
    assert.equal(verify('ns', { now: NOON + 3 * HOUR_MS }).state, 'good')
    const [early, late] = [verify('ns', { now: NOON - 60_001 }), verify('ns', { now: NOON + 3 * HOUR_MS + 1 })]
    assert.deepEqual([early.state, early.why], ['bad', 'It is not valid before 2026-01-15 12:00 UTC.'])
    assert.deepEqual([late.state, late.why], ['bad', 'It was valid until 2026-01-15 15:00 UTC.'])
  })

  it('takes no signature of one flavour for the other, and no weaker hash', () => {
    const [ns, microdesc] = [fixture('ns'), fixture('microdesc')]
    const signatures = (bytes: Buffer): Buffer => bytes.subarray(bytes.indexOf('directory-signature'))
    const mixed = Buffer.concat([microdesc.subarray(0, microdesc.indexOf('directory-signature')), signatures(ns)])
    assert.deepEqual(
      verify('microdesc', { bytes: mixed }).signatures.map(({ state }) => state),
      ['unsupported', 'unsupported'],
    )
    const renamed = Buffer.from(
      microdesc.toString('latin1').replaceAll('signature sha256 ', 'signature sha512 '),
      'latin1',
    )
    assert.deepEqual(
      verify('microdesc', { bytes: renamed }).signatures.map(({ state }) => state),
      ['unsupported', 'unsupported'],
    )
  })

  it('is that of what an own authority signs, whatever the clock says', async () => {
    const at = Date.UTC(2030, 0, 1)
    const authority = await createAuthority('alone', { published: at - HOUR_MS, expires: at + HOUR_MS })
    const bytes = composeConsensus({
      flavour: 'microdesc',
      validAfter: at,
      relays: [],
      authorities: [authority],
      knownFlags: ['Valid'],
    })
    const check = (now: number): Verification['state'] =>
      verifyConsensus(
        bytes,
        parseConsensus(bytes),
        parseCertificates(Buffer.from(authority.certificate)),
        [authority.trusted],
        now,
      ).state
    assert.equal(check(at), 'good')
    assert.equal(check(at + HOUR_MS + 1), 'unverified', 'the certificate has expired')
  })

  it('that did not happen says why', () => {
    const { state, why, good, needed } = unverified('Onionoo signs nothing.')
    assert.deepEqual(
      { state, why, good, needed },
      { state: 'unverified', why: 'Onionoo signs nothing.', good: 0, needed: 0 },
    )
  })
})

const real = process.env['NOC_TOR_DATA'] ?? ''
if (existsSync(join(real, 'cached-certs'))) {
  it('the real consensus of both flavours is good by all eight that signed it, at its own time', () => {
    const text = readFileSync(join(real, 'cached-certs'), 'latin1')
    for (const certs of [text, text.replace(/\r?\n/g, '\r\n')]) {
      const known = parseCertificates(Buffer.from(certs, 'latin1'))
      assert.equal(known.length, 9)
      for (const name of ['cached-consensus', 'cached-microdesc-consensus']) {
        const bytes = readFileSync(join(real, name))
        const consensus = parseConsensus(bytes)
        const { state, good, needed, authorities, signatures } = verifyConsensus(
          bytes,
          consensus,
          known,
          trustedAuthorities(consensus.validAfter),
          consensus.validAfter,
        )
        assert.deepEqual({ state, good, needed, authorities }, { state: 'good', good: 8, needed: 5, authorities: 9 })
        assert.ok(signatures.every((signature) => signature.state === 'good'))
      }
    }
  })
}
