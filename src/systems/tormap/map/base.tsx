/** The base map: countries as paths in world units, made once and drawn at any zoom. */
import type { GeoPermissibleObjects } from 'd3-geo'
import { feature } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import type { Colours } from './colours.tsx'
import { trace, type Traced } from './trace.tsx'
import { curved, straight, toWorld } from './world.ts'
import { fromScreen, type Size, type View } from './view.ts'

/** A file of world-atlas. */
export type Atlas = Topology<{ readonly countries: GeometryCollection; readonly land: GeometryCollection }>

/** Outlines of countries. */
export type Base = readonly Traced[]

/** Natural Earth at 1:110 million for the whole world, at 1:50 million when one looks closer. */
type Detail = 'coarse' | 'fine'

/** Longest time, ms, that making paths may hold up the page; the fine map has 80,000 points. */
const SLICE = 8

/** Each is a chunk of its own. Its type is given by hand: that of every arc in it would help nobody. */
const ATLAS: Readonly<Record<Detail, () => Promise<{ readonly default: unknown }>>> = {
  coarse: () => import('world-atlas/countries-110m.json', { with: { type: 'json' } }),
  fine: () => import('world-atlas/countries-50m.json', { with: { type: 'json' } }),
}

async function load(detail: Detail): Promise<Base> {
  const topology = (await ATLAS[detail]()).default as Atlas
  const countries: Traced[] = []
  let began = performance.now()
  for (const shape of feature(topology, topology.objects.countries).features) {
    countries.push(trace(straight, shape))
    if (performance.now() - began < SLICE) continue
    await new Promise((resolve) => setTimeout(resolve))
    began = performance.now()
  }
  return countries
}

const loaded = new Map<Detail, Promise<Base>>()

/** Loads a base map, once a page. The files are chunks of their own. */
function loadBase(detail: Detail): Promise<Base> {
  const known = loaded.get(detail) ?? load(detail)
  loaded.set(detail, known)
  // What failed may be tried again.
  known.catch(() => loaded.delete(detail))
  return known
}

/** The best base map so far: the coarse one first, whatever is needed, because it is there at once. */
export interface BaseKeeper {
  now(): Base
  /** Says whether the fine map is needed. */
  need(fine: boolean): void
}

/** Loads what is needed, and tells when it is there. */
export function keepBase(onLoaded: () => void): BaseKeeper {
  let base: Base = []
  let asked: Detail | null = null
  const take = async (detail: Detail): Promise<void> => {
    asked = detail
    try {
      base = await loadBase(detail)
      onLoaded()
    } catch {
      // Without a coast line the dots are still a map; whoever needs it next tries again.
      asked = base.length > 0 ? 'coarse' : null
    }
  }
  return {
    now: () => base,
    need: (fine) => {
      if (asked === null) void take('coarse')
      else if (fine && asked === 'coarse' && base.length > 0) void take('fine')
    },
  }
}

/** Degrees between meridians and between parallels, and between points of one: a parallel is no straight line. */
const GRATICULE_STEP = 30
const POINT_STEP = 5

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step)
}

/** Meridians and parallels; d3's own would take more script than this. */
function graticule(): GeoPermissibleObjects {
  const meridian = (longitude: number): number[][] => steps(-80, 80, POINT_STEP).map((one) => [longitude, one])
  const parallel = (latitude: number): number[][] => steps(-180, 180, POINT_STEP).map((one) => [one, latitude])
  const coordinates = [
    ...steps(-180, 150, GRATICULE_STEP).map(meridian),
    ...steps(-60, 60, GRATICULE_STEP).map(parallel),
  ]
  return { type: 'MultiLineString', coordinates }
}

let lines: { readonly graticule: Path2D; readonly edge: Path2D } | undefined

/** Makes a context draw in world units. */
export function useWorld(context: CanvasRenderingContext2D, view: View, size: Size, ratio: number): void {
  const k = view.k * ratio
  context.setTransform(
    k,
    0,
    0,
    k,
    (size.width / 2 - view.x * view.k) * ratio,
    (size.height / 2 - view.y * view.k) * ratio,
  )
}

/** Draws sea, graticule and countries. */
export function drawBase(
  context: CanvasRenderingContext2D,
  base: Base,
  colours: Colours,
  view: View,
  size: Size,
  ratio: number,
): void {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.fillStyle = colours.void
  context.fillRect(0, 0, context.canvas.width, context.canvas.height)
  useWorld(context, view, size, ratio)
  lines ??= {
    graticule: trace(curved, graticule()).path,
    edge: trace(curved, { type: 'Sphere' }).path,
  }
  context.fillStyle = colours.sea
  context.fill(lines.edge)
  context.lineWidth = 0.99 / (view.k * ratio)
  context.strokeStyle = colours.graticule
  context.stroke(lines.graticule)
  const [left, top] = fromScreen(view, size, 0, 0)
  const [right, bottom] = fromScreen(view, size, size.width, size.height)
  context.fillStyle = colours.land
  context.strokeStyle = colours.border
  context.lineJoin = 'round'
  for (const country of base) {
    if (country.left > right || country.right < left || country.top > bottom || country.bottom < top) continue
    context.fill(country.path)
    context.stroke(country.path)
  }
}

let probe: CanvasRenderingContext2D | null | undefined

/** The country around a point, or null: on an island that the map is too coarse for. */
export function countryAt(base: Base, longitude: number, latitude: number): Path2D | null {
  probe ??= document.createElement('canvas').getContext('2d')
  const [x, y] = toWorld(longitude, latitude)
  const found = base.find(
    (one) =>
      x >= one.left &&
      x <= one.right &&
      y >= one.top &&
      y <= one.bottom &&
      probe?.isPointInPath(one.path, x, y) === true,
  )
  return found?.path ?? null
}
