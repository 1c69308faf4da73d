import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ipv4Text } from '#proto/netlink/address.ts'
import { type LineFile, countryOf } from './geoip.ts'

function fileOf(text: string): LineFile {
  return { size: text.length, read: (offset, length) => text.slice(offset, offset + length) }
}

const HEADER = '# made by a tool\n# no need to read this\n'
const V4 = fileOf(
  `${HEADER}16777216,16777471,AU\n16777472,16778239,CN\n3405803776,3405804031,??\n3405804288,3405804543,GR\n`,
)
const V6 = fileOf(
  `${HEADER}2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,??\n2001:2::,2001:2:0:ffff:ffff:ffff:ffff:ffff,JP\n`,
)

describe('the country of a relay', () => {
  it('is found at the edges of a range and nowhere beside it', () => {
    const countries = ['1.0.0.0', '1.0.0.255', '1.0.1.0', '1.0.3.255', '1.0.4.0', '0.255.255.255', '203.0.115.255']
    assert.deepEqual(
      countries.map((address) => countryOf(address, V4)),
      ['AU', 'AU', 'CN', 'CN', null, null, 'GR'],
    )
    assert.deepEqual(
      ['2001:2::', '2001:2:0:ffff::1', '2001:3::', '2001::5'].map((address) => countryOf(address, V6)),
      ['JP', 'JP', null, null],
    )
  })

  it('is unknown for what is no address, and in files that are empty, cut or full of rubbish', () => {
    assert.equal(countryOf('relay.example', V4), null)
    const whole = V4.read(0, V4.size)
    for (let length = 0; length < whole.length; length += 1) {
      const found = countryOf('203.0.115.9', fileOf(whole.slice(0, length)))
      assert.ok(found === null || found === 'GR')
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), fc.ipV4(), (text, address) => {
        const found = countryOf(address, fileOf(text))
        assert.ok(found === null || /^[A-Z]{2}$/.test(found))
      }),
    )
  })

  it('is the same as by looking at every line', () => {
    const list = fc.uniqueArray(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 2, maxLength: 400 })
    fc.assert(
      fc.property(list, fc.integer({ min: 0, max: 0xffffffff }), (numbers, address) => {
        const edges = numbers.toSorted((a, b) => a - b)
        const ranges = edges.flatMap((low, i) =>
          i % 2 === 0 && edges[i + 1] !== undefined ? [[low, edges[i + 1]] as const] : [],
        )
        const name = (i: number): string => String.fromCharCode(65 + (i % 26)) + String.fromCharCode(65 + (i % 7))
        const text = HEADER + ranges.map(([low, high], i) => `${low},${high},${name(i)}\n`).join('')
        const hit = ranges.findIndex(([low, high = 0]) => low <= address && address <= high)
        assert.equal(countryOf(ipv4Text(address), fileOf(text)), hit < 0 ? null : name(hit))
        for (const [i, [low]] of ranges.entries()) assert.equal(countryOf(ipv4Text(low), fileOf(text)), name(i))
      }),
      { numRuns: 60 },
    )
  })
})
