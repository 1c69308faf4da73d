import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ipv4Text, ipv6Text, normalAddress } from '#proto/netlink/address.ts'
import { MAX_NAMES, OWN_V4, targetOf, virtualAddresses, virtualIndex } from './addresses.ts'

const port = fc.integer({ min: 1, max: 65_535 })
const word = fc.nat(0xffffffff)
const fromPort4 = (port: number): string => `198.19.${port >> 8}.${port & 255}`
const fromPort6 = (port: number): string => `fd6e:6f63:626f:7801::${port.toString(16)}`

describe('a redirected connection', () => {
  it('says by the addresses of its socket where it was to go: any IPv4 address and port', () => {
    fc.assert(
      fc.property(word, port, (number, port) => {
        const address = ipv4Text(number)
        fc.pre(virtualIndex(address) === null)
        assert.deepEqual(targetOf(fromPort4(port), address), { kind: 'address', address, port })
        // As a socket shows it that serves both families.
        const mapped = targetOf(`::ffff:${fromPort4(port)}`, `::ffff:${address}`)
        assert.deepEqual(mapped, { kind: 'address', address, port })
      }),
    )
  })

  it('any IPv6 address and port, also a link-local one with its zone', () => {
    fc.assert(
      fc.property(word, word, word, word, port, (a, b, c, d, port) => {
        const address = ipv6Text(a, b, c, d)
        fc.pre(virtualIndex(address) === null && address.includes(':'))
        assert.deepEqual(targetOf(fromPort6(port), address), { kind: 'address', address, port })
      }),
    )
    assert.deepEqual(targetOf(fromPort6(22), 'fe80::1%lo'), { kind: 'address', address: 'fe80::1', port: 22 })
  })

  it('to the address of a name is one to the name', () => {
    assert.deepEqual(targetOf(fromPort4(443), '198.18.1.2'), { kind: 'name', index: 258, port: 443 })
    assert.deepEqual(targetOf(fromPort6(443), 'fd6e:6f63:626f:7800::102'), { kind: 'name', index: 258, port: 443 })
  })

  it('is none when a program came to the forwarder by itself', () => {
    for (const remote of [
      '127.0.0.1',
      '::1',
      OWN_V4,
      '198.19.0.0',
      '198.20.0.80',
      'fd6e:6f63:626f:7802::50',
      '',
      'x',
    ]) {
      assert.equal(targetOf(remote, '192.0.2.1'), null, remote)
    }
  })
})

describe('the addresses of a name', () => {
  it('lead back to it, in both families', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_NAMES }), (index) => {
        const { v4, v6 } = virtualAddresses(index)
        assert.equal(virtualIndex([...v4].join('.')), index)
        const text = Buffer.from(v6)
          .toString('hex')
          .replaceAll(/.{4}(?=.)/g, '$&:')
        assert.equal(virtualIndex(normalAddress(text) ?? ''), index)
      }),
    )
  })
})
