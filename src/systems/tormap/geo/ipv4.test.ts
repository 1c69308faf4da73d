import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressBytes, ipv4Text } from '#proto/netlink/address.ts'
import { ipv4Number } from './ipv4.ts'

describe('the number of an IPv4 address', () => {
  it('is that of its text, and nothing else has one', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (address) => assert.equal(ipv4Number(ipv4Text(address)), address)))
    const nearly = fc.string({ unit: fc.constantFrom('.', '0', '1', '9', '25', ':', ' ', 'a', '-'), maxLength: 12 })
    const texts = fc.oneof(nearly, fc.ipV4(), fc.ipV4Extended(), fc.ipV6())
    fc.assert(fc.property(texts, (text) => assert.equal(ipv4Number(text) >= 0, addressBytes(text)?.length === 4, text)))
  })
})
