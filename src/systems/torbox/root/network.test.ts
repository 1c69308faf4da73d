import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dotted, inTurn, overlaps, parseNetwork, seats } from './network.ts'

const network = fc.record({ address: fc.nat(2 ** 32 - 1), prefix: fc.integer({ min: 0, max: 32 }) })

test('an address with a prefix is read as the kernel reads it', () => {
  assert.deepEqual(parseNetwork('10.100.100.1/24'), { address: 0x0a646401, prefix: 24, base: 0x0a646400, size: 256 })
  fc.assert(
    fc.property(network, ({ address, prefix }) => {
      const parsed = parseNetwork(`${dotted(address)}/${prefix}`)
      assert.equal(parsed?.address, address)
      assert.ok(parsed.base <= address && address < parsed.base + parsed.size)
    }),
  )
})

test('what is no IPv4 network is none', () => {
  for (const text of [
    '',
    '10.0.0.1',
    '10.0.0.256/24',
    '10.0.0.1/33',
    '10.0.0/24',
    'fd00::1/64',
    ' 10.0.0.1/24',
    '10.0.0.1/24\n',
  ]) {
    assert.equal(parseNetwork(text), null, JSON.stringify(text))
  }
})

test('networks overlap when one address is in both', () => {
  const of = (text: string): NonNullable<ReturnType<typeof parseNetwork>> => parseNetwork(text) ?? assert.fail(text)
  assert.equal(overlaps(of('10.100.100.1/24'), of('10.100.0.0/16')), true)
  assert.equal(overlaps(of('10.100.100.1/24'), of('10.100.101.0/24')), false)
  assert.equal(overlaps(of('10.100.100.1/24'), of('10.100.100.255/32')), true)
})

test('every seat is an address of the network but its first, its last and the host, with a port name of its own', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 16, max: 28 }), (address, prefix) => {
      const own = parseNetwork(`${dotted(address)}/${prefix}`) ?? assert.fail()
      const all = seats('elevenchars', own)
      assert.ok(all.length >= 13 && all.length <= 253)
      assert.equal(new Set(all.map((seat) => seat.port)).size, all.length)
      for (const seat of all) {
        const number = parseNetwork(`${seat.address}/32`)?.address ?? 0
        assert.ok(number > own.base && number < own.base + own.size - 1 && number !== own.address)
        assert.ok(seat.port.length <= 15, 'as long as a name of a device may be')
      }
    }),
  )
})

test('the seat after the last one is first, the last one is last: an address rests as long as can be', () => {
  const all = seats('b', parseNetwork('10.0.0.1/29') ?? assert.fail())
  const order = (last: string | null): string =>
    inTurn(all, last)
      .map(({ port }) => port)
      .join(' ')
  assert.equal(order(null), 'b-2 b-3 b-4 b-5 b-6')
  assert.equal(order('10.0.0.4'), 'b-5 b-6 b-2 b-3 b-4')
  assert.equal(order('10.0.0.6'), 'b-2 b-3 b-4 b-5 b-6')
  assert.equal(order('192.0.2.1'), order(null))
})
