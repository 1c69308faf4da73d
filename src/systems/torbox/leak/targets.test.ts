import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressBytes } from '#proto/netlink/address.ts'
import { chooseTargets, onionAddress, onionChecksumInput } from './targets.ts'

const bytes = fc.uint8Array({ minLength: 48, maxLength: 48 })

describe('the targets of a run', () => {
  it('are addresses that nobody has, each used once, and none in a network of this machine', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.subarray(['192.0.2.2/24', '203.0.113.2/24', '198.51.100.9/25', '10.0.0.1/8']),
        (random, own) => {
          const { v4, v6 } = chooseTargets(random, own, 'x.onion')
          const all = [...Object.values(v4), ...Object.values(v6)]
          assert.equal(new Set(all).size, all.length)
          assert.ok(all.every((address) => addressBytes(address) !== null))
          assert.ok(
            Object.values(v4).every((address) =>
              /^(192\.0\.2|198\.51\.100|203\.0\.113|198\.18\.55)\.\d+$/.test(address),
            ),
          )
          assert.ok(Object.values(v4).every((address) => !address.endsWith('.0') && !address.endsWith('.255')))
          assert.ok(Object.values(v6).every((address) => address.startsWith('2001:db8:')))
          const taken = own.map((network) => network.replace(/\d+\/\d+$/, '')).filter((prefix) => prefix !== '10.0.0.')
          assert.ok(Object.values(v4).every((address) => taken.every((prefix) => !address.startsWith(prefix))))
        },
      ),
    )
  })

  it('have a name of digits only, as long as the counters compare, and a high port', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const { token, name, port } = chooseTargets(random, [], 'x.onion')
        assert.match(token, /^\d{15}$/)
        assert.equal(name, `${token}.invalid`)
        assert.ok(port >= 20_000 && port < 30_000)
      }),
    )
  })

  it('a route to everywhere is no network of this machine', () => {
    assert.match(chooseTargets(randomBytes(48), ['0.0.0.0/0'], '').v4.udp, /^198\.51\.100\./)
  })
})

it("an onion service's address is made as tor makes it", () => {
  // The Tor Project's own web site.
  const known = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion'
  const key = Buffer.from(decoded(known).subarray(0, 32))
  assert.equal(onionAddress(key, createHash('sha3-256').update(onionChecksumInput(key)).digest()), known)
})

/** Key, checksum and version in the 56 letters of base32. */
function decoded(onion: string): Buffer {
  const value = Array.from(onion.slice(0, 56)).reduce(
    (sum, letter) => (sum << 5n) | BigInt('abcdefghijklmnopqrstuvwxyz234567'.indexOf(letter)),
    0n,
  )
  return Buffer.from(value.toString(16).padStart(70, '0'), 'hex')
}
