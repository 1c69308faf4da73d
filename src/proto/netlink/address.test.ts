import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressBytes, ipv6Text, mappedBytes, normalAddress } from './address.ts'

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

test('addresses are written in the canonical form of RFC 5952', () => {
  const cases = [
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['192.0.2.1', '192.0.2.1'],
  ]
  for (const [text = '', canonical] of cases) assert.equal(normalAddress(text), canonical, text)
})

test('what is no address is refused', () => {
  const wrong = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
  ]
  const more = [
    '1:2:3:4:5:6:7::8',
    'g::1',
    '12345::',
    'example.org',
    '::1.2.3',
    '[::1]',
    '::ffff:1.2.3.4:5',
    '1.2.3.4::',
  ]
  for (const text of [...wrong, ...more]) assert.equal(normalAddress(text), null, text)
})

test('any 16 bytes survive being written and read', () => {
  fc.assert(
    fc.property(u32, u32, u32, u32, (a, b, c, d) => {
      const text = ipv6Text(a, b, c, d)
      assert.equal(isIP(text), a === 0 && b === 0 && c === 0xffff ? 4 : 6)
      const bytes = mappedBytes(addressBytes(text) ?? new Uint8Array())
      const view = new DataView(bytes.buffer)
      assert.deepEqual(
        [0, 4, 8, 12].map((at) => view.getUint32(at)),
        [a, b, c, d],
      )
    }),
  )
})

test('no text makes the reader throw, and it takes only what Node takes', () => {
  const near = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef:.%[]x')) })
  fc.assert(
    fc.property(fc.oneof(fc.string(), near, fc.ipV4(), fc.ipV6()), (text) => {
      assert.equal(addressBytes(text) !== null, isIP(text) !== 0 && !text.includes('%'), text)
    }),
    { numRuns: 2000 },
  )
})
