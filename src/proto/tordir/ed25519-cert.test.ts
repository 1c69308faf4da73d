import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { composeEd25519Certificate, ed25519FromSeed } from './compose/ed25519.ts'
import { rawKey } from './compose/text.ts'
import { ed25519Signed, parseEd25519Certificate } from './ed25519-cert.ts'

const signer = ed25519FromSeed(Buffer.alloc(32, 1))
const key = rawKey(ed25519FromSeed(Buffer.alloc(32, 2)))
const HOUR_MS = 3_600_000
const good = composeEd25519Certificate({ type: 4, expires: 400_000 * HOUR_MS, key, signer, withSigner: true })

/** The certificate with these extensions (their number, then their bytes in hexadecimal). */
const withExtensions = (count: number, hex: string): Uint8Array =>
  Buffer.concat([good.subarray(0, 39), Buffer.of(count), Buffer.from(hex, 'hex'), good.subarray(-64)])

describe('an Ed25519 certificate', () => {
  it('says who vouches for which key until when', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(0xffff_ffff), fc.boolean(), (type, hours, withSigner) => {
        const bytes = composeEd25519Certificate({ type, expires: hours * HOUR_MS, key, signer, withSigner })
        const certificate = parseEd25519Certificate(bytes)
        assert.equal(certificate?.type, type)
        assert.equal(certificate.expires, hours * HOUR_MS)
        assert.deepEqual(Buffer.from(certificate.key), key)
        assert.equal(certificate.signer !== null, withSigner)
        assert.ok(ed25519Signed(rawKey(signer), certificate.signed, certificate.signature))
        assert.ok(!ed25519Signed(key, certificate.signed, certificate.signature))
      }),
      { numRuns: 50 },
    )
  })

  it('is none when it is cut, or when any bit of it is another', () => {
    for (let end = 0; end < good.length; end++) assert.equal(parseEd25519Certificate(good.subarray(0, end)), null)
    for (let bit = 0; bit < good.length * 8; bit += 3) {
      const flipped = Buffer.from(good)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const certificate = parseEd25519Certificate(flipped)
      if (certificate === null) continue
      const { signed, signature } = certificate
      assert.ok(!ed25519Signed(rawKey(signer), signed, signature), `bit ${bit}`)
    }
  })

  it('is refused with an extension that must be understood and is not, and read with one that need not be', () => {
    assert.notEqual(parseEd25519Certificate(withExtensions(0, '')), null)
    assert.notEqual(parseEd25519Certificate(withExtensions(1, '00020900abcd')), null)
    assert.equal(parseEd25519Certificate(withExtensions(1, '00020901abcd')), null)
    assert.equal(parseEd25519Certificate(withExtensions(1, '000204000102')), null)
    assert.equal(parseEd25519Certificate(withExtensions(2, '00020900abcd')), null)
    assert.equal(parseEd25519Certificate(withExtensions(0, '00020900abcd')), null)
    assert.equal(parseEd25519Certificate(withExtensions(1, 'ffff0900abcd')), null)
    const twice = `00200400${'11'.repeat(32)}`
    assert.equal(parseEd25519Certificate(withExtensions(2, twice + twice)), null)
  })

  it('is never found in garbage by an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseEd25519Certificate(bytes)))
  })
})
