import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { pretendNetwork } from './history/fixtures/network.ts'
import { spread } from './spread.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES, type MapRelay, type RelayMap } from './types.ts'
import { findRelay, mapWire, namesWire, relayWire } from './wire-map.ts'

const pretended = pretendNetwork(600, Date.UTC(2026, 10, 1)).next()
const spreadOut = (relay: MapRelay): MapRelay => ({ ...relay, ...spread(relay.place, relay.entry.fingerprint) })
const map: RelayMap = { ...pretended, relays: pretended.relays.map(spreadOut) }
const nowhere = { kind: 'none', country: null, city: null, longitude: null, latitude: null, radius: null } as const
const bits = (value: number, names: readonly string[]): string[] => names.filter((_, bit) => (value >> bit) & 1)

describe('the document of the map', () => {
  const [first, ...rest] = map.relays as [MapRelay, ...MapRelay[]]
  const lost: MapRelay = { ...first, place: nowhere, longitude: null, latitude: null, as: null, family: [] }
  const shown: RelayMap = { ...map, relays: [lost, ...rest] }
  const wire = mapWire(shown)

  it('says of every relay what is true of it, by columns of one length', () => {
    const { columns, flags, places, systems } = wire
    for (const column of Object.values(columns)) assert.equal(column.length, shown.relays.length)
    for (const [row, relay] of shown.relays.entries()) {
      assert.equal(ORIGINAL_CLASSES[columns.original[row] ?? -1], relay.original)
      assert.deepEqual(bits(columns.modern[row] ?? 0, MODERN_CLASSES), relay.modern)
      assert.deepEqual(bits(columns.flags[row] ?? 0, flags).toSorted(), relay.entry.flags.toSorted())
      assert.deepEqual(systems[columns.as[row] ?? -1] ?? null, relay.as)
      const place = columns.place[row] ?? -1
      assert.equal(places.city[place] ?? null, relay.place.city)
      assert.equal(places.country[place] ?? null, relay.place.country)
      const drawn = ((places.longitude[place] ?? 0) + (columns.east[row] ?? 0)) / 100
      if (relay.longitude !== null) assert.ok(Math.abs(drawn - relay.longitude) < 0.0051)
      assert.ok(Math.abs((columns.weight[row] ?? 0) / relay.entry.weight - 1) < 0.005)
    }
  })

  it('puts a relay that nobody can place into no place, not at 0,0', () => {
    assert.deepEqual([wire.columns.place[0], wire.columns.as[0]], [-1, -1])
    assert.equal(wire.hour.placed.unplaced, 1)
  })

  it('gives the relays of one family one number, others another, and 0 to those without', () => {
    const numberOf = new Map(shown.relays.map(({ entry }, row) => [entry.fingerprint, wire.columns.family[row] ?? -1]))
    for (const { entry, family } of shown.relays) {
      const own = numberOf.get(entry.fingerprint) ?? -1
      if (family.length > 0) assert.ok(own > 0)
      for (const member of family) assert.equal(numberOf.get(member), own)
    }
    const largest = Math.max(...rest.map(({ family }) => family.length)) + 1
    const members = [...numberOf.values()].filter((number) => number === 1).length
    assert.ok(members >= largest - 1)
    assert.ok(new Set(numberOf.values()).size > 10)
  })

  it('goes into 10 bytes a relay, compressed; then 9,000 with all names of places and networks are below 120 kB', () => {
    // Small networks have more places and systems for each relay: those are counted apart.
    const columns = gzipSync(JSON.stringify(wire.columns)).length
    assert.ok(columns / shown.relays.length < 10, `${columns / shown.relays.length}`)
  })

  it('comes back from JSON as it was', () => {
    assert.deepEqual(JSON.parse(gunzipSync(gzipSync(JSON.stringify(wire))).toString()), wire)
  })
})

describe('the names', () => {
  it('are in the order of the columns, with fingerprints of 20 bytes', () => {
    const names = namesWire(map)
    const bytes = Buffer.from(names.fingerprints, 'base64')
    assert.equal(bytes.length, 20 * map.relays.length)
    for (const [row, { entry }] of map.relays.entries()) {
      assert.equal(
        bytes
          .subarray(20 * row, 20 * row + 20)
          .toString('hex')
          .toUpperCase(),
        entry.fingerprint,
      )
      assert.deepEqual([names.nickname[row], names.address[row]], [entry.nickname, entry.address])
    }
  })
})

describe('a relay', () => {
  it('is told with its share of the weight, its start and its family by name', () => {
    const relay = map.relays.find(({ family }) => family.length > 1) as MapRelay
    const wire = relayWire(map, relay.entry.fingerprint, 5)
    const total = map.relays.reduce((sum, { entry }) => sum + entry.weight, 0)
    assert.equal(wire?.weightFraction, relay.entry.weight / total)
    const started = (relay.descriptor?.published ?? 0) - (relay.descriptor?.uptime ?? 0) * 1000
    assert.deepEqual([wire?.upSince, wire?.firstSeen, wire?.recommended], [started, 5, true])
    for (const { fingerprint, nickname } of wire?.family ?? []) {
      assert.equal(findRelay(map.relays, fingerprint)?.entry.nickname, nickname)
    }
  })

  it('is found wherever it stands in the list, and not when it is not there', () => {
    for (const relay of map.relays) assert.equal(findRelay(map.relays, relay.entry.fingerprint), relay)
    assert.equal(relayWire(map, '0'.repeat(40)), null)
    assert.equal(findRelay([], 'F'.repeat(40)), null)
  })

  it('without documents of its own says nothing it does not know', () => {
    const bare = { ...map, relays: map.relays.map((relay) => ({ ...relay, descriptor: null, observed: null })) }
    const wire = relayWire(bare, bare.relays[3]?.entry.fingerprint ?? '')
    assert.deepEqual([wire?.bandwidth, wire?.contact, wire?.platform, wire?.upSince], [null, null, null, null])
  })
})
