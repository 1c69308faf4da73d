import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { find } from './find.ts'
import { readLayers, shownRow, writeLayers, type Layers } from './page-layers.ts'
import { isElsewhere, matchRows, parseQuery } from './page-query.ts'
import { fingerprintOf, groupRows, rowOf } from './map/rows.ts'
import { sampleMaps } from './sample/maps.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES, type RelayMap } from './types.ts'
import { mapWire, namesWire } from './wire-map.ts'
import type { MapWire, NamesWire } from './wire.ts'

describe('the page over the columns of a map', () => {
  let map: RelayMap
  let wire: MapWire
  let names: NamesWire
  before(async () => {
    const [first] = await sampleMaps(Date.UTC(2026, 10, 22, 2, 14), 1)
    assert.ok(first)
    map = first
    wire = mapWire(map)
    names = namesWire(map)
  })
  const local = (query: string): readonly string[] =>
    matchRows(wire, names, parseQuery(query)).map((row) => fingerprintOf(names, row))
  const daemon = (query: string): readonly string[] => find(map, query).map(({ entry }) => entry.fingerprint)

  it('finds the same as the command line, by every qualifier that a column can answer', () => {
    const relay = map.relays.find((one) => one.family.length > 0 && one.as !== null) ?? map.relays[0]
    assert.ok(relay)
    const { nickname, fingerprint, address, flags } = relay.entry
    const terms = [
      `nickname:${nickname.slice(0, 3)}`,
      `fingerprint:${fingerprint.slice(0, 4)}`,
      `address:${address.split('.').slice(0, 2).join('.')}.0.0/16`,
      `address:${address.slice(0, 4)}`,
      `country:${relay.place.country ?? 'de'},us`,
      'country:germany',
      `as:AS${relay.as?.number}`,
      `as:"${relay.as?.name}"`,
      `flag:${flags[0]},guard`,
      ...[...ORIGINAL_CLASSES, ...MODERN_CLASSES].map((name) => `class:${name}`),
    ]
    for (const term of terms) assert.deepEqual(local(term), daemon(term), term)
    const term = fc.tuple(fc.constantFrom('', '-'), fc.constantFrom(...terms)).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 4 }), (list) => {
        assert.deepEqual(local(list.join(' ')), daemon(list.join(' ')))
      }),
    )
  })

  it('finds a family from any of its members', () => {
    const relay = map.relays.find((one) => one.family.length > 1)
    assert.ok(relay)
    const found = local(`family:${relay.entry.fingerprint}`)
    assert.ok([relay.entry.fingerprint, ...relay.family].every((one) => found.includes(one)))
    assert.deepEqual(local(`family:${found[1]}`), found)
  })

  it('takes any text, also half of a query, and leaves to the source what no column says', () => {
    fc.assert(fc.property(fc.string(), (text) => void local(text)))
    for (const text of ['contact:"jane', 'version:0.4.8', '-contact:x', 'address:2001:db8::1'])
      assert.ok(parseQuery(text).some(isElsewhere), text)
    assert.ok(!parseQuery('country:de nickname:x -flag:exit word').some(isElsewhere))
    assert.deepEqual(parseQuery('contact:'), [])
  })

  it('knows every relay by its fingerprint, and no other', () => {
    map.relays.forEach(({ entry }, row) => assert.equal(rowOf(names, entry.fingerprint), row))
    assert.equal(rowOf(names, '0'.repeat(40)), null)
  })

  it('keeps the layers in an address, whichever are on', () => {
    const some = fc.tuple(fc.subarray([...ORIGINAL_CLASSES]), fc.subarray([...MODERN_CLASSES]))
    fc.assert(
      fc.property(some, ([on, also]) => {
        const layers: Layers = { on: new Set(on), also: new Set(also) }
        const words = Object.entries(writeLayers(layers)).filter(([, value]) => value !== null) as [string, string][]
        assert.deepEqual(readLayers(new URLSearchParams(words)), layers)
        const visible = shownRow(wire, layers)
        map.relays.forEach((relay, row) => {
          const fits = also.length === 0 || relay.modern.some((name) => also.includes(name))
          assert.equal(visible(row), on.includes(relay.original) && fits)
        })
      }),
      { numRuns: 30 },
    )
  })

  it('counts every shown relay in exactly one country, and shares add up', () => {
    const groups = groupRows(wire, 'country', () => true)
    const placed = map.relays.filter(({ place }) => place.country !== null)
    assert.equal(
      groups.reduce((sum, group) => sum + group.relays, 0),
      placed.length,
    )
    assert.ok(groups.reduce((sum, group) => sum + group.weight, 0) <= 1 + 1e-9)
    assert.deepEqual(
      groupRows(wire, 'country', () => false),
      [],
    )
  })
})
