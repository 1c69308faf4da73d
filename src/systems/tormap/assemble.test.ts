import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { addressBytes } from '#proto/netlink/address.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import {
  AT,
  asnOf,
  city,
  consensus,
  descriptor,
  entry,
  fingerprint,
  geoOf,
  mapOf,
  microdescriptor,
} from './fixtures/parts.ts'
import { NOWHERE } from './geo/geo.ts'
import { countryPlace } from './geo/records.ts'
import { lookupAll } from './placed.ts'
import { hourWire, statsDocument } from './stats.ts'

const DAY = 86_400_000

describe('a map', () => {
  it('puts every relay where its address is, and leaves the unknown unplaced', () => {
    const geo = geoOf({ '192.0.2.1': city(10, 50), '192.0.2.2': countryPlace('IS') })
    const addresses = ['192.0.2.2', '203.0.113.9', '192.0.2.1']
    const map = mapOf(
      addresses.map((address, index) => entry(index, { address })),
      { geo, asn: asnOf({ '192.0.2.1': { number: 64_496, name: 'Example' } }) },
    )
    assert.deepEqual(
      map.relays.map((relay) => relay.place.kind),
      ['country', 'none', 'city'],
    )
    assert.deepEqual([map.relays[1]?.longitude, map.relays[1]?.latitude, map.relays[1]?.place], [null, null, NOWHERE])
    assert.equal(map.relays[2]?.as?.number, 64_496)
    assert.deepEqual(hourWire(map).placed, { city: 1, country: 1, unplaced: 1 })
  })

  it('takes the descriptor that the consensus names, else the newest one that the relay signed', () => {
    const descriptors = [
      descriptor(1, { digest: 'OTHER', published: AT, bandwidth: { average: 1, burst: 1, observed: 9e6 } }),
      descriptor(1, { bandwidth: { average: 1, burst: 1, observed: 1e6 } }),
      descriptor(2, { digest: 'OLD', published: AT - DAY, contact: 'old' }),
      descriptor(2, { digest: 'NEW', published: AT, contact: 'new' }),
    ]
    const map = mapOf([entry(1, { flags: ['Exit'] }), entry(2), entry(3)], { descriptors })
    assert.deepEqual(
      map.relays.map((relay) => [relay.observed, relay.descriptor?.contact]),
      [
        [1e6, null],
        [1e6, 'new'],
        [null, undefined],
      ],
    )
    assert.equal(map.relays[0]?.original, 'exit')
  })

  it('takes microdescriptors by their digest, and their addresses', () => {
    const relays = [entry(1, { digest: 'A' }), entry(2, { digest: 'B' })]
    const microdescriptors = [microdescriptor(1, { digest: 'B', otherAddresses: ['[2001:db8::1]:9001'] })]
    const map = mapOf([], { consensus: consensus(relays, { flavour: 'microdesc' }), microdescriptors })
    assert.deepEqual(
      map.relays.map((relay) => relay.modern),
      [['middle'], ['middle', 'dualStack']],
    )
  })

  it('calls nobody new in the first hour of a history', () => {
    const relays = [entry(1), entry(2), entry(3)]
    const seen = (times: Record<string, number>) => (name: string) => times[name[0] ?? ''] ?? null
    const firstDay = mapOf(relays, { firstSeen: seen({ 1: AT, 2: AT, 3: AT }) })
    assert.equal(hourWire(firstDay).classes.modern.newToday, 0)
    const later = mapOf(relays, { firstSeen: seen({ 1: AT - 2 * DAY, 2: AT - DAY / 2 }) })
    assert.deepEqual(
      later.relays.map((relay) => relay.modern.includes('newToday')),
      [false, true, false],
    )
  })

  it('believes a family when both sides name each other, in whatever way they write it', () => {
    const f = fingerprint
    const descriptors = [
      descriptor(1, { family: [`$${f(2).toLowerCase()}`, f(3), f(1), 'relay4'] }),
      descriptor(2, { family: [`${f(1)}=relay1`] }),
      descriptor(3, { family: [f(2)] }),
      descriptor(4, { family: ['relay1', f(9)] }),
    ]
    const map = mapOf(
      [1, 2, 3, 4].map((start) => entry(start)),
      { descriptors },
    )
    assert.deepEqual(
      map.relays.map((relay) => relay.family),
      [[f(2)], [f(1)], [], []],
    )
  })

  it('believes a family of which all have the same id', () => {
    const microdescriptors = [1, 2, 3].map((start) => microdescriptor(start, { familyIds: start < 3 ? ['X'] : ['Y'] }))
    const relays = [1, 2, 3].map((start) => entry(start))
    const map = mapOf([], { consensus: consensus(relays, { flavour: 'microdesc' }), microdescriptors })
    assert.deepEqual(
      map.relays.map((relay) => relay.family),
      [[fingerprint(2)], [fingerprint(1)], []],
    )
  })

  it('is made in time that grows with the relays, also when all say to be of one family', () => {
    const count = 3000
    const starts = Array.from({ length: count }, (_, index) => index.toString(16).padStart(6, '0'))
    const descriptors = starts.map((start) => descriptor(start, { familyIds: ['X'] }))
    const map = mapOf(
      starts.map((start) => entry(start)),
      { descriptors },
    )
    assert.ok(map.relays.every((relay) => relay.family.length <= 1000))
  })
})

describe('looking up many addresses', () => {
  it('gives the answers in the order of the questions, and asks in the order of the addresses', () => {
    const addresses = ['203.0.113.1', '192.0.2.1', '198.51.100.255', '2001:db8::1', '10.0.0.1', '192.0.2.1']
    const asked: string[] = []
    const answers = lookupAll(addresses, (address) => {
      asked.push(address)
      return `at ${address}`
    })
    assert.deepEqual(
      answers,
      addresses.map((address) => `at ${address}`),
    )
    const ipv4 = asked.map((address) => addressBytes(address)).filter((bytes) => bytes?.length === 4)
    const sorted = ipv4.map((bytes) => Buffer.from(bytes ?? []).readUInt32BE())
    assert.deepEqual(
      sorted,
      sorted.toSorted((a, b) => a - b),
    )
  })
})

describe('the document of stats', () => {
  it('has exactly the keys that scripts rely on, and every relay in one original class', () => {
    const map = mapOf([entry(1, { flags: ['Exit'] }), entry(2, { flags: ['Guard', 'Stable'] }), entry(3)])
    assert.deepEqual(JSON.parse(JSON.stringify(statsDocument(map))), {
      consensus: { flavour: 'ns', validAfter: AT, freshUntil: AT + 3_600_000 },
      verified: { state: 'good', good: 3, needed: 2, authorities: 3 },
      relays: 3,
      observed: 0,
      classes: { badExit: 0, authority: 0, exitFast: 0, exit: 1, stableFast: 0, stable: 1, named: 0, other: 1 },
      modern: { guard: 1, middle: 1, hsDir: 0, unmeasured: 0, newToday: 0, dualStack: 0 },
      placed: { city: 0, country: 0, unplaced: 3 },
    })
  })
})

const real = process.env['NOC_TOR_DATA']

if (real !== undefined) {
  describe('the map of a real consensus', () => {
    it('has the relays of each class that were counted by hand, in both flavours', () => {
      for (const file of ['cached-consensus', 'cached-microdesc-consensus']) {
        const map = mapOf([], { consensus: parseConsensus(readFileSync(join(real, file))) })
        const { classes, relays } = hourWire(map)
        const original = { badExit: 11, authority: 10, exitFast: 0, exit: 1428, stableFast: 0, stable: 3507, named: 0 }
        assert.deepEqual(classes.original, { ...original, other: 1132 })
        assert.deepEqual([relays, classes.modern.guard, classes.modern.dualStack], [6088, 3020, 2686])
      }
    })
  })
}
