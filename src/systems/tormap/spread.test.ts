import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { geoDistance } from 'd3-geo'
import { city, entry, geoOf, mapOf } from './fixtures/parts.ts'
import { COUNTRY_POINTS } from './geo/country-points.ts'
import { NOWHERE } from './geo/geo.ts'
import { countryPlace } from './geo/records.ts'
import { discRadius, spread } from './spread.ts'
import type { Place } from './types.ts'

const EARTH_KM = 6371.0088
const fingerprintOf = (index: number): string => createHash('sha1').update(String(index)).digest('hex').toUpperCase()

function distance(place: Place, dot: { longitude: number; latitude: number } | null): number {
  assert.ok(dot !== null && place.longitude !== null && place.latitude !== null)
  return geoDistance([place.longitude, place.latitude], [dot.longitude, dot.latitude]) * EARTH_KM
}

describe('spreading', () => {
  it('keeps every dot within the accuracy of its place, anywhere on earth', () => {
    const longitudes = fc.double({ min: -180, max: 180, noNaN: true })
    const latitudes = fc.double({ min: -85, max: 85, noNaN: true })
    const radii = fc.option(fc.integer({ min: 1, max: 1000 }))
    fc.assert(
      fc.property(longitudes, latitudes, radii, fc.nat(), (longitude, latitude, radius, index) => {
        const place = city(longitude, latitude, { radius })
        const dot = spread(place, fingerprintOf(index))
        assert.ok(distance(place, dot) <= discRadius(place) * 1.02)
        assert.ok(discRadius(place) <= Math.min(radius ?? 25, 25))
        assert.ok(dot !== null && Math.abs(dot.longitude) <= 180 && Math.abs(dot.latitude) <= 90)
      }),
    )
  })

  it('keeps relays of which only the country is known inside of it', () => {
    for (const [code, [, , room]] of Object.entries(COUNTRY_POINTS)) {
      const place = countryPlace(code)
      for (let index = 0; index < 20; index += 1)
        assert.ok(distance(place, spread(place, fingerprintOf(index))) <= room)
    }
  })

  it('fills the disc evenly, also when fingerprints look alike', () => {
    const place = city(10, 50)
    const total = 4000
    for (const name of [fingerprintOf, (index: number) => index.toString(16).toUpperCase().padStart(40, 'A')]) {
      // Rings of equal area, cut in four quarters.
      const cells = Array.from({ length: 20 }, () => 0)
      for (let index = 0; index < total; index += 1) {
        const dot = spread(place, name(index))
        const ring = Math.min(4, Math.floor((distance(place, dot) / discRadius(place)) ** 2 * 5))
        const quarter = ((dot?.longitude ?? 0) > 10 ? 2 : 0) + ((dot?.latitude ?? 0) > 50 ? 1 : 0)
        cells[ring * 4 + quarter] = (cells[ring * 4 + quarter] ?? 0) + 1
      }
      // Four standard deviations of what chance alone does.
      for (const cell of cells) assert.ok(Math.abs(cell - total / 20) < 4 * Math.sqrt(total / 20), cells.join(' '))
    }
  })

  it('moves nobody when others come and go', () => {
    const geo = geoOf({ '192.0.2.1': city(10, 50) })
    const before = mapOf([entry(1), entry(3)], { geo })
    const after = mapOf([entry(1), entry(2), entry(3)], { geo })
    const dot = (map: typeof before, index: number): unknown => [
      map.relays[index]?.longitude,
      map.relays[index]?.latitude,
    ]
    assert.deepEqual([dot(after, 0), dot(after, 2)], [dot(before, 0), dot(before, 1)])
    assert.notDeepEqual(dot(after, 1), dot(after, 0))
  })

  it('draws nothing for an unknown place', () => {
    assert.equal(spread(NOWHERE, fingerprintOf(1)), null)
  })
})
