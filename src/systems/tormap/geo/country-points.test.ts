import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { geoArea, geoContains } from 'd3-geo'
import { feature } from 'topojson-client'
import type { Feature } from 'geojson'
import type { GeometryCollection, Topology } from 'topojson-specification'
import { COUNTRY_POINTS } from './country-points.ts'

const EARTH_KM = 6371

type Shape = ReturnType<typeof shapes>[number]

/** The countries, each with the box that it lies in: asking the box first is a hundred times faster. */
function shapes(): readonly { readonly shape: Feature; readonly box: readonly number[] }[] {
  const path = createRequire(import.meta.url).resolve('world-atlas/countries-10m.json')
  const world = JSON.parse(readFileSync(path, 'utf8')) as Topology<{ countries: GeometryCollection }>
  const { features } = feature(world, world.objects.countries)
  // The atlas has one shape that is wound the wrong way round and so covers the rest of the world.
  const sound = features.filter((shape) => geoArea(shape) < 2)
  return sound.map((shape) => {
    const numbers = JSON.stringify(shape.geometry).match(/\[-?[\d.e-]+,-?[\d.e-]+\]/g) ?? []
    const points = numbers.map((text) => JSON.parse(text) as [number, number])
    const edge = (axis: 0 | 1, of: (a: number, b: number) => number): number =>
      points.map((p) => p[axis]).reduce((a, b) => of(a, b))
    return { shape, box: [edge(0, Math.min), edge(0, Math.max), edge(1, Math.min), edge(1, Math.max)] }
  })
}

function contains({ shape, box: [west = 0, east = 0, south = 0, north = 0] }: Shape, point: [number, number]): boolean {
  const [longitude, latitude] = point
  // Around the pole the box says nothing.
  const inBox = longitude >= west && longitude <= east && latitude >= south && latitude <= north
  return (inBox || latitude < -60) && geoContains(shape, point)
}

describe('the point of a country', () => {
  it('lies on land, also at the edge of the disc over which its relays are spread', () => {
    const sound = shapes()
    for (const [code, [longitude, latitude, room]] of Object.entries(COUNTRY_POINTS)) {
      // Islands and enclaves of a few kilometres are drawn too coarsely to be asked.
      if (room < 5) continue
      const own = sound.filter((shape) => contains(shape, [longitude, latitude]))
      assert.equal(own.length, 1, code)
      const degrees = ((room * 0.8) / EARTH_KM) * (180 / Math.PI)
      const edge: [number, number] = [longitude, Math.min(89, latitude + degrees)]
      assert.ok(
        own.some((shape) => contains(shape, edge)),
        `${code} ${edge.join(',')}`,
      )
    }
  })

  it('is known for the countries that have relays, and not for what is no country', () => {
    for (const code of ['DE', 'US', 'FR', 'NL', 'IS', 'MD', 'SC', 'TW', 'XK', 'SG', 'HK'])
      assert.ok(code in COUNTRY_POINTS)
    for (const code of ['EU', 'AP', 'A1', 'ZZ']) assert.ok(!(code in COUNTRY_POINTS))
  })
})
