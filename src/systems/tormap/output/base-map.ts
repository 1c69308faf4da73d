/** The world under the relays, the same as the page's. Asked only when the ground of the pictures is made anew. */
import { geoIdentity, geoPath, type GeoContext, type GeoPermissibleObjects, type GeoProjection } from 'd3-geo'
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import atlas from 'world-atlas/countries-110m.json' with { type: 'json' }
import { curved, straight } from '../map/world.ts'
import { FRAME, toPixels } from './frame.ts'
import type { Line } from './strokes.ts'

// The compiler takes strings of a JSON file for any string.
const world = atlas as unknown as Topology<{ countries: GeometryCollection; land: GeometryCollection }>

/** Degrees between two lines of the grid, and between two points of one. */
const GRID = { step: 30, point: 5 } as const

/** Outlines in pixels. */
export interface BaseMap {
  readonly sphere: readonly Line[]
  readonly grid: readonly Line[]
  readonly land: readonly Line[]
  /** Of countries, each once; coasts too. */
  readonly borders: readonly Line[]
}

/** The outlines of the world in the frame of the pictures; cut off where the page's map ends. */
export function baseMap(): BaseMap {
  const { left, top, right, bottom, scale } = FRAME
  const placed = geoIdentity()
    .scale(scale)
    .translate([...toPixels(0, 0)])
    .clipExtent([
      [left, top],
      [right, bottom],
    ])
  const lines = (projection: GeoProjection, shape: GeoPermissibleObjects): readonly Line[] => {
    const found: number[][] = []
    const context: GeoContext = {
      beginPath: () => undefined,
      moveTo: (x, y) => void found.push([x, y]),
      lineTo: (x, y) => void found.at(-1)?.push(x, y),
      arc: () => undefined,
      closePath: () => undefined,
    }
    geoPath({ stream: (to) => projection.stream(placed.stream(to)) }, context)(shape)
    return found
  }
  return {
    sphere: lines(curved, { type: 'Sphere' }),
    grid: lines(straight, { type: 'MultiLineString', coordinates: gridLines() }),
    land: lines(straight, feature(world, world.objects.land)),
    borders: lines(straight, mesh(world, world.objects.countries)),
  }
}

/** Meridians and parallels, degrees. */
function gridLines(): [number, number][][] {
  const steps = (most: number, step: number): number[] =>
    Array.from({ length: (2 * most) / step + 1 }, (_, i) => i * step - most)
  const meridians = steps(180, GRID.step).map((longitude) =>
    steps(90, GRID.point).map((latitude): [number, number] => [longitude, latitude]),
  )
  const parallels = steps(60, GRID.step).map((latitude) =>
    steps(180, GRID.point).map((longitude): [number, number] => [longitude, latitude]),
  )
  return [...meridians.slice(1), ...parallels]
}
