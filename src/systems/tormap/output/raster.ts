/**
 * A picture in memory, drawn with smooth edges: filled outlines, strokes and many equal dots are all a map needs.
 * A general renderer takes longer for one picture than all other outputs together.
 */
import type { Line } from './strokes.ts'

/** `#rrggbb` */
export type Colour = `#${string}`

export interface Raster {
  readonly width: number
  readonly height: number
  /** Red, green and blue, one byte each, as rows of a PNG: each begins with its filter, 0 for none. */
  readonly rows: Uint8Array
  /** How much of each pixel a shape covers, 0 to 1; all 0 between two calls. */
  readonly cover: Float32Array
}

const BLACK = '#000000'
const WHITE = '#ffffff'

/** A box of pixels; `right` and `bottom` are not in it. */
interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A picture to draw on, from its rows. */
export function createRaster(width: number, height: number, rows: Uint8Array): Raster {
  return { width, height, rows, cover: new Float32Array(width * height) }
}

/** A picture of one colour. */
export function plainRaster(width: number, height: number, colour: Colour): Raster {
  const raster = createRaster(width, height, new Uint8Array((3 * width + 1) * height))
  for (let pixel = 0; pixel < width * height; pixel += 1) blend(raster, pixel, numberOf(colour), 1)
  return raster
}

/** Where a pixel is among the rows. */
function placeOf(width: number, pixel: number): number {
  return 3 * pixel + Math.floor(pixel / width) + 1
}

/** Fills outlines; a hole runs the other way round than what it is in. */
export function fillOutlines(raster: Raster, outlines: readonly Line[], colour: Colour): void {
  const { width, cover } = raster
  const { left, top, right, bottom } = boxAround(outlines, 1, raster)
  const ink = numberOf(colour)
  for (const line of outlines) {
    for (let i = 0; i < line.length; i += 2) {
      const next = i + 2 < line.length ? i + 2 : 0
      addEdge(raster, line[i] ?? 0, line[i + 1] ?? 0, line[next] ?? 0, line[next + 1] ?? 0)
    }
  }
  for (let y = top; y < bottom; y += 1) {
    let sum = 0
    for (let i = y * width + left; i < y * width + right; i += 1) {
      const change = cover[i] ?? 0
      if (change !== 0) {
        sum += change
        cover[i] = 0
      }
      const share = Math.abs(sum)
      // What adding up leaves of rounding is nothing to be seen.
      if (share > 0.004) blend(raster, i, ink, share > 0.996 ? 1 : share)
    }
  }
}

/** Draws strokes with round ends. */
export function strokeLines(
  raster: Raster,
  lines: readonly Line[],
  thickness: number,
  colour: Colour,
  opacity = 1,
): void {
  addStrokes(raster, lines, thickness / 2)
  paint(raster, boxAround(lines, thickness / 2 + 1, raster), colour, opacity)
}

/** What one dot covers, to be laid down at many places. */
export interface Stencil {
  readonly size: number
  readonly cover: Float32Array
}

/** The inside of a small shape around 0, 0. */
export function filledStencil(shape: Line): Stencil {
  return stencil(shape, 1, (raster, line) => fillOutlines(raster, [line], WHITE))
}

/** The line around a small shape around 0, 0. */
export function strokedStencil(shape: Line, thickness: number): Stencil {
  return stencil(shape, thickness / 2 + 1, (raster, line) => strokeLines(raster, [line], thickness, WHITE))
}

function stencil(shape: Line, margin: number, draw: (raster: Raster, line: Line) => void): Stencil {
  const reach = Math.ceil(Math.max(...shape.map(Math.abs)) + margin)
  const size = 2 * reach + 1
  const raster = plainRaster(size, size, BLACK)
  draw(
    raster,
    shape.map((value) => value + reach + 0.5),
  )
  const cover = new Float32Array(size * size)
  for (let pixel = 0; pixel < cover.length; pixel += 1) cover[pixel] = (raster.rows[placeOf(size, pixel)] ?? 0) / 255
  return { size, cover }
}

/** Lays a stencil down with its middle on the pixel at x, y. */
export function press(
  raster: Raster,
  { size, cover }: Stencil,
  x: number,
  y: number,
  colour: Colour,
  opacity = 1,
): void {
  const ink = numberOf(colour)
  const left = Math.floor(x) - (size >> 1)
  const top = Math.floor(y) - (size >> 1)
  for (let i = 0; i < cover.length; i += 1) {
    const share = (cover[i] ?? 0) * opacity
    const column = left + (i % size)
    const row = top + Math.floor(i / size)
    if (share === 0 || column < 0 || column >= raster.width || row < 0 || row >= raster.height) continue
    blend(raster, row * raster.width + column, ink, share)
  }
}

function numberOf(colour: Colour): number {
  return Number.parseInt(colour.slice(1), 16)
}

/** Lays `colour` over what is in the box, as far as `cover` says, and empties `cover`. */
function paint(raster: Raster, box: Box, colour: Colour, opacity: number): void {
  const { width, cover } = raster
  const ink = numberOf(colour)
  for (let y = box.top; y < box.bottom; y += 1) {
    const end = y * width + box.right
    for (let i = y * width + box.left; i < end; i += 1) {
      const share = cover[i] ?? 0
      if (share === 0) continue
      cover[i] = 0
      blend(raster, i, ink, share * opacity)
    }
  }
}

/** Lays a colour over a pixel, as far as `share` says, 0 to 1. */
function blend({ width, rows }: Raster, pixel: number, ink: number, share: number): void {
  const at = placeOf(width, pixel)
  const rest = 1 - share
  rows[at] = (rows[at] ?? 0) * rest + (ink >> 16) * share + 0.5
  rows[at + 1] = (rows[at + 1] ?? 0) * rest + ((ink >> 8) & 255) * share + 0.5
  rows[at + 2] = (rows[at + 2] ?? 0) * rest + (ink & 255) * share + 0.5
}

function boxAround(lines: readonly Line[], margin: number, { width, height }: Raster): Box {
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (const line of lines) {
    for (let i = 0; i < line.length; i += 2) {
      const [x, y] = [line[i] ?? 0, line[i + 1] ?? 0]
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      if (y > bottom) bottom = y
    }
  }
  return {
    left: Math.max(0, Math.floor(left - margin)),
    top: Math.max(0, Math.floor(top - margin)),
    right: Math.min(width, Math.ceil(right + margin)),
    bottom: Math.min(height, Math.ceil(bottom + margin)),
  }
}

/** Notes by how much the covered area grows from pixel to pixel along an edge; the sum along a row is the cover. */
function addEdge(raster: Raster, x0: number, y0: number, x1: number, y1: number): void {
  if (y0 === y1) return
  const direction = y0 < y1 ? 1 : -1
  const [startX, startY, endX, endY] = direction === 1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0]
  const slope = (endX - startX) / (endY - startY)
  const bottom = Math.min(endY, raster.height)
  for (let y = Math.max(0, Math.floor(startY)); y < bottom; y += 1) {
    const from = Math.max(startY, y)
    const to = Math.min(endY, y + 1)
    addRow(raster, y, startX + (from - startY) * slope, startX + (to - startY) * slope, (to - from) * direction)
  }
}

/** One row of an edge: from `x0` to `x1` it covers `amount` (signed height) of all that is right of it. */
function addRow({ width, cover }: Raster, row: number, x0: number, x1: number, amount: number): void {
  const left = Math.min(width, Math.max(0, Math.min(x0, x1)))
  const right = Math.min(width, Math.max(0, Math.max(x0, x1)))
  const end = (row + 1) * width
  let at = row * width + Math.floor(left)
  let before = 0
  for (let x = Math.floor(left); before < 1 && at < end; x += 1, at += 1) {
    const area = right - left < 1e-9 ? Math.min(1, x + 1 - left) : areaRight(left, right, x)
    cover[at] = (cover[at] ?? 0) + (area - before) * amount
    before = area
  }
}

/** Mean over an edge from `left` to `right` of the part of pixel `x` that lies right of it. */
function areaRight(left: number, right: number, x: number): number {
  const passed = Math.max(0, Math.min(right, x) - left)
  const from = Math.max(left, x)
  const to = Math.min(right, x + 1)
  const within = to > from ? (to - from) * (x + 1 - (from + to) / 2) : 0
  return x >= right ? 1 : (passed + within) / (right - left)
}

function addStrokes(raster: Raster, lines: readonly Line[], radius: number): void {
  for (const line of lines) {
    if (line.length === 2) addCapsule(raster, line[0] ?? 0, line[1] ?? 0, line[0] ?? 0, line[1] ?? 0, radius)
    for (let i = 0; i + 3 < line.length; i += 2)
      addCapsule(raster, line[i] ?? 0, line[i + 1] ?? 0, line[i + 2] ?? 0, line[i + 3] ?? 0, radius)
  }
}

/** Covers all within `radius` of a straight line. */
function addCapsule(
  { width, height, cover }: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  radius: number,
): void {
  const [dx, dy] = [x1 - x0, y1 - y0]
  const squared = dx * dx + dy * dy
  const reach = radius + 1
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y1) + reach))
  const right = Math.min(width - 1, Math.ceil(Math.max(x0, x1) + reach))
  // A line thinner than a pixel covers that much of it.
  const most = Math.min(1, 2 * radius)
  for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y <= bottom; y += 1) {
    for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x <= right; x += 1) {
      const [px, py] = [x + 0.5 - x0, y + 0.5 - y0]
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared))
      const [awayX, awayY] = [px - along * dx, py - along * dy]
      const share = Math.min(most, radius + 0.5 - Math.sqrt(awayX * awayX + awayY * awayY))
      const at = y * width + x
      if (share > (cover[at] ?? 0)) cover[at] = share
    }
  }
}
