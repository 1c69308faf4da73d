import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FeatureCollection, Point } from 'geojson'
import { HOSTILE, testMap } from './fixtures/map.ts'
import { geojson } from './geojson.ts'

type Relays = FeatureCollection<Point | null> & { readonly name: string; readonly stamp: string | null }
const read = (map: ReturnType<typeof testMap>): Relays => JSON.parse(Buffer.from(geojson(map)).toString()) as Relays

describe('GeoJSON', () => {
  it('has a feature a relay: longitude first, no geometry where there is no place', () => {
    const map = testMap()
    const { type, features } = read(map)
    assert.equal(type, 'FeatureCollection')
    assert.equal(features.length, map.relays.length)
    for (const [i, { id, geometry }] of features.entries()) {
      const relay = map.relays[i]
      assert.equal(id, relay?.entry.fingerprint)
      if (relay?.place.kind === 'none') assert.equal(geometry, null)
      else {
        const [longitude = 999, latitude = 999] = geometry?.coordinates ?? []
        assert.ok(Math.abs(longitude - (relay?.longitude ?? 0)) < 0.0001)
        assert.ok(Math.abs(latitude - (relay?.latitude ?? 0)) < 0.0001)
      }
    }
  })

  it('keeps the text of operators as it is', () => {
    const [feature] = read(testMap({ says: HOSTILE })).features
    assert.equal(feature?.properties?.['contact'], HOSTILE)
  })

  it('says in its name what must not be believed', () => {
    assert.equal(read(testMap({ sample: true })).stamp, 'SAMPLE')
    assert.match(read(testMap({ sample: true })).name, /^SAMPLE: /)
    assert.equal(read(testMap()).stamp, null)
  })

  it('is valid without any relay', () => {
    assert.deepEqual(read(testMap({ relays: 0 })).features, [])
  })
})
