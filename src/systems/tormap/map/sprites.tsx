/** Every kind of dot drawn once, to be copied thousands of times. */
import { SIZE_STEPS, type Symbols } from './dots.ts'
import type { Colours } from './colours.tsx'
import { MARKS } from './marks.ts'
import { toScreen, type Size, type View } from './view.ts'

/** One row a style (class, then known by country only), one column a size; square tiles with the dot in the middle. */
export interface Sprites {
  readonly image: HTMLCanvasElement
  /** Edge of a tile, device px. */
  readonly tile: number
}

/** The star reaches farthest from its middle. */
const REACH = 1.75
/** Width, CSS px, of the edge that keeps dots apart, and of the ring that stands for a country. */
const EDGE = 0.9
const RING = 1.15

function drawDot(
  context: CanvasRenderingContext2D,
  path: Path2D,
  radius: number,
  countryOnly: boolean,
  ink: string,
): void {
  context.scale(radius, radius)
  context.lineJoin = 'round'
  if (countryOnly) {
    context.globalAlpha = 0.55
    context.fill(path)
    context.globalAlpha = 1
    context.strokeStyle = ink
    context.lineWidth = RING / radius
    context.stroke(path)
    return
  }
  context.lineWidth = (2 * EDGE) / radius
  context.stroke(path)
  context.fillStyle = ink
  context.fill(path)
}

/** Draws all dots for a radius (CSS px) of the smallest. */
export function makeSprites(colours: Colours, radius: number, ratio: number): Sprites {
  const largest = radius * (SIZE_STEPS.at(-1)?.[1] ?? 1)
  const tile = 2 * Math.ceil((largest * REACH + 2 * EDGE) * ratio)
  const image = document.createElement('canvas')
  image.width = tile * SIZE_STEPS.length
  image.height = tile * MARKS.length * 2
  const context = image.getContext('2d')
  if (!context) return { image, tile }
  for (const [index, mark] of MARKS.entries()) {
    const path = new Path2D(mark.path)
    for (const [step, [, factor]] of SIZE_STEPS.entries()) {
      for (const countryOnly of [false, true]) {
        const row = 2 * index + (countryOnly ? 1 : 0)
        context.setTransform(ratio, 0, 0, ratio, (step + 0.5) * tile, (row + 0.5) * tile)
        context.fillStyle = colours.land
        context.strokeStyle = colours.land
        drawDot(context, path, radius * factor, countryOnly, colours.relays[index] ?? colours.ink)
      }
    }
  }
  return { image, tile }
}

/** Copies the dots that are in the box. */
export function drawSymbols(
  context: CanvasRenderingContext2D,
  symbols: Symbols,
  sprites: Sprites,
  view: View,
  size: Size,
  ratio: number,
): void {
  const { image, tile } = sprites
  const half = tile / 2
  const { width, height } = context.canvas
  const [left, top] = toScreen(view, size, 0, 0)
  const k = view.k * ratio
  context.setTransform(1, 0, 0, 1, 0, 0)
  for (const symbol of symbols.order) {
    const x = Math.round((symbols.x[symbol] ?? 0) * k + left * ratio - half)
    const y = Math.round((symbols.y[symbol] ?? 0) * k + top * ratio - half)
    if (x + tile < 0 || y + tile < 0 || x > width || y > height) continue
    const [from, row] = [(symbols.step[symbol] ?? 0) * tile, (symbols.style[symbol] ?? 0) * tile]
    context.drawImage(image, from, row, tile, tile, x, y, tile, tile)
  }
}
