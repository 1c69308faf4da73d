/** Which part of the world is seen, and how it moves. Pure. */
import { toWorld, WORLD, type Box } from './world.ts'

/** The world point in the middle of the box, and px a world unit. */
export interface View {
  readonly x: number
  readonly y: number
  readonly k: number
}

/** The box the map is in, CSS px. */
export interface Size {
  readonly width: number
  readonly height: number
}

export type Point = readonly [x: number, y: number]

/** Positions are known to 0.01 degrees: at this zoom that is 3 px, and more would show nothing more. */
const MOST = 18
/** A narrow box shows at least this share of the first view's width, rather than a strip of it. */
const LEAST_SHARE = 0.7
/** Where a narrow box looks first: both sides of the Atlantic. */
const NARROW_LONGITUDE = 13

/** Where relays are, world units: not in the Pacific, nor near the poles. Europe, where most are, is small enough. */
const INHABITED: Box = {
  left: toWorld(-124, 30)[0],
  right: toWorld(178, -30)[0],
  top: toWorld(0, 71)[1],
  bottom: toWorld(0, -46)[1],
}

function within(value: number, low: number, high: number): number {
  return low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value))
}

/** The view that just holds a part of the world. */
export function fit({ left, right, top, bottom }: Box, { width, height }: Size): View {
  const k = Math.min(width / (right - left), height / (bottom - top))
  return { x: (left + right) / 2, y: (top + bottom) / 2, k }
}

/** The zoom at which the whole world fits in. */
export function leastZoom(size: Size): number {
  return fit(WORLD, size).k
}

/** The nearest view that shows no more of nothing than it has to. */
export function limit(view: View, size: Size): View {
  const k = within(view.k, leastZoom(size), MOST)
  const [halfWidth, halfHeight] = [size.width / 2 / k, size.height / 2 / k]
  return {
    x: within(view.x, WORLD.left + halfWidth, WORLD.right - halfWidth),
    y: within(view.y, WORLD.top + halfHeight, WORLD.bottom - halfHeight),
    k,
  }
}

/** The first view: where relays are; a narrow box is filled as far as most of that stays in it. */
export function home(size: Size): View {
  const whole = fit(INHABITED, size)
  const fitWidth = size.width / (INHABITED.right - INHABITED.left)
  const k = within(size.height / (INHABITED.bottom - INHABITED.top), whole.k, fitWidth / LEAST_SHARE)
  const x = k > fitWidth * 1.05 ? toWorld(NARROW_LONGITUDE, 0)[0] : whole.x
  return limit({ x, y: whole.y, k }, size)
}

export function toScreen(view: View, size: Size, x: number, y: number): Point {
  return [(x - view.x) * view.k + size.width / 2, (y - view.y) * view.k + size.height / 2]
}

export function fromScreen(view: View, size: Size, x: number, y: number): Point {
  return [(x - size.width / 2) / view.k + view.x, (y - size.height / 2) / view.k + view.y]
}

/** Moves what is seen by px. */
export function pan(view: View, size: Size, dx: number, dy: number): View {
  return limit({ x: view.x - dx / view.k, y: view.y - dy / view.k, k: view.k }, size)
}

/** Zooms by a factor; the world point under `at` (px) stays there. */
export function zoomAt(view: View, size: Size, factor: number, at: Point): View {
  const k = within(view.k * factor, leastZoom(size), MOST)
  const [x, y] = fromScreen(view, size, at[0], at[1])
  return limit({ x: x - (at[0] - size.width / 2) / k, y: y - (at[1] - size.height / 2) / k, k }, size)
}

/** The view that shows a world point, moved no farther than needed; `margin` px stay free around the point. */
export function reveal(view: View, size: Size, x: number, y: number, margin: number): View {
  const [px, py] = toScreen(view, size, x, y)
  const dx = within(px, margin, size.width - margin) - px
  const dy = within(py, margin, size.height - margin) - py
  return dx === 0 && dy === 0 ? view : pan(view, size, dx, dy)
}

/** The same part of the world in a box of another size. */
export function resize(view: View, from: Size, to: Size): View {
  return limit({ ...view, k: view.k * (to.width / from.width) }, to)
}

/** Between two views, `t` from 0 to 1: zoom grows evenly to the eye. */
export function between(a: View, b: View, t: number): View {
  const k = a.k * (b.k / a.k) ** t
  // While the zoom changes, the middle has to move with it, or the way would swing.
  const share = Math.abs(b.k - a.k) < 1e-6 ? t : (1 / a.k - 1 / k) / (1 / a.k - 1 / b.k)
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share, k }
}

/** What is seen, whatever the size of the box: the world point in the middle, and how many times closer than at home. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly zoom: number
}

/** The place of a view; null at home. */
export function placeOf(view: View, size: Size): Place | null {
  const { x, y, k } = home(size)
  if (view.x === x && view.y === y && view.k === k) return null
  return { x: view.x, y: view.y, zoom: view.k / k }
}

/** The view of a place in a box of this size. */
export function viewOf({ x, y, zoom }: Place, size: Size): View {
  return limit({ x, y, k: zoom * home(size).k }, size)
}
