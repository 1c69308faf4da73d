/** What lies over the dots: how sure a place is, circuits, what stands out, what is pointed at. */
import type { MapWire } from '../wire.ts'
import { countryAt, useWorld, type Base } from './base.tsx'
import type { Colours } from './colours.tsx'
import { SIZE_STEPS, UNPLACED, type Dots, type Symbols } from './dots.ts'
import { trace } from './trace.tsx'
import { toScreen, type Size, type View } from './view.ts'
import { curved } from './world.ts'

/** Mean radius of the earth, km (IUGG). */
const EARTH = 6371
/** Corners of the circle around an inexact place. */
const CORNERS = 72
const RADIAN = Math.PI / 180

/**
 * How far an arc bends to the north, of its length. Nobody knows which way the bytes go, so it is no great circle: those
 * would leave the map over the pole.
 */
const BEND = 0.16

/** What the overlay is drawn from. */
export interface Overlay {
  readonly map: MapWire
  readonly dots: Dots
  readonly symbols: Symbols
  readonly base: Base
  readonly colours: Colours
  readonly view: View
  readonly size: Size
  readonly ratio: number
  /** Of the smallest dot, CSS px. */
  readonly radius: number
  readonly selected: number | null
  readonly hovered: number | null
  readonly circuits: readonly (readonly number[])[]
}

/** Where a relay may be: the circle that the database gives, or its whole country. */
function uncertainty({ map, base }: Overlay, row: number): Path2D | null {
  const { places } = map
  const place = map.columns.place[row] ?? -1
  if (place < 0) return null
  const [longitude, latitude] = [(places.longitude[place] ?? 0) / 100, (places.latitude[place] ?? 0) / 100]
  const country = places.kind[place] === 'country' ? countryAt(base, longitude, latitude) : null
  const radius = places.radius[place] ?? -1
  if (country || radius <= 0) return country
  return trace(curved, { type: 'Polygon', coordinates: [circle(longitude, latitude, radius / EARTH)] }).path
}

/** A circle on the sphere, radius in radians; clockwise, so that its inside is the small part of the world. */
function circle(longitude: number, latitude: number, radius: number): [number, number][] {
  const [sin, cos] = [Math.sin(latitude * RADIAN), Math.cos(latitude * RADIAN)]
  const [sinRadius, cosRadius] = [Math.sin(radius), Math.cos(radius)]
  return Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const bearing = ((corner % CORNERS) / CORNERS) * 2 * Math.PI
    const sinLatitude = sin * cosRadius + cos * sinRadius * Math.cos(bearing)
    const east = Math.atan2(Math.sin(bearing) * sinRadius * cos, cosRadius - sin * sinLatitude)
    return [longitude + east / RADIAN, Math.asin(sinLatitude) / RADIAN]
  })
}

function drawUncertainty(context: CanvasRenderingContext2D, overlay: Overlay, row: number): void {
  const path = uncertainty(overlay, row)
  if (!path) return
  const { view, size, ratio, colours } = overlay
  useWorld(context, view, size, ratio)
  context.fillStyle = colours.accentHaze
  context.fill(path)
  context.strokeStyle = colours.accent
  context.lineWidth = 1 / view.k
  context.setLineDash([4 / view.k, 3 / view.k])
  context.stroke(path)
  context.setLineDash([])
}

function drawCircuit(context: CanvasRenderingContext2D, overlay: Overlay, rows: readonly number[]): void {
  const { dots, view, size, ratio, colours } = overlay
  const hops = rows.filter((row) => (dots.style[row] ?? UNPLACED) !== UNPLACED)
  const path = new Path2D()
  for (const [index, to] of hops.entries()) {
    const from = hops[index - 1]
    if (from === undefined) continue
    const [ax, ay, bx, by] = [dots.x[from] ?? 0, dots.y[from] ?? 0, dots.x[to] ?? 0, dots.y[to] ?? 0]
    path.moveTo(ax, ay)
    path.quadraticCurveTo((ax + bx) / 2, (ay + by) / 2 - BEND * Math.hypot(bx - ax, by - ay), bx, by)
  }
  useWorld(context, view, size, ratio)
  for (const [ink, width] of [
    [colours.sea, 4],
    [colours.accent, 1.6],
  ] as const) {
    context.strokeStyle = ink
    context.lineWidth = width / view.k
    context.stroke(path)
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.font = `600 10px ${getComputedStyle(document.body).fontFamily}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const row of hops) {
    const [x, y] = toScreen(view, size, dots.x[row] ?? 0, dots.y[row] ?? 0)
    context.fillStyle = colours.accent
    context.beginPath()
    context.arc(x, y, 7, 0, 7)
    context.fill()
    context.fillStyle = colours.void
    context.fillText(String(rows.indexOf(row) + 1), x, y + 0.5)
  }
}

function drawRing(context: CanvasRenderingContext2D, overlay: Overlay, row: number, ink: string, gap: number): void {
  const { symbols, dots, view, size, ratio, radius } = overlay
  const symbol = symbols.symbolOf[row] ?? -1
  if ((dots.style[row] ?? UNPLACED) === UNPLACED) return
  const [at, index] = symbol < 0 ? [dots, row] : [symbols, symbol]
  const [x, y] = toScreen(view, size, at.x[index] ?? 0, at.y[index] ?? 0)
  const own = radius * (SIZE_STEPS[symbols.step[symbol] ?? 0]?.[1] ?? 1)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  for (const [colour, width] of [
    [overlay.colours.void, 4.5],
    [ink, 2],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width
    context.beginPath()
    context.arc(x, y, own * 1.2 + gap, 0, 7)
    context.stroke()
  }
}

/** Clears the context and draws everything that is there. */
export function drawOverlay(context: CanvasRenderingContext2D, overlay: Overlay): void {
  const { selected, hovered, circuits, colours } = overlay
  if (selected !== null) drawUncertainty(context, overlay, selected)
  if (hovered !== null && hovered !== selected) drawUncertainty(context, overlay, hovered)
  for (const circuit of circuits) drawCircuit(context, overlay, circuit)
  if (hovered !== null && hovered !== selected) drawRing(context, overlay, hovered, colours.ink, 2.5)
  if (selected !== null) drawRing(context, overlay, selected, colours.accent, 3.5)
}
