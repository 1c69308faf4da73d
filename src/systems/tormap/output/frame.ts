import { WORLD } from '../map/world.ts'

const [LEFT, TOP, RIGHT] = [40, 106, 1560]
/** Pixels a world unit. */
const SCALE = (RIGHT - LEFT) / (WORLD.right - WORLD.left)

/** Where the world is in every picture, pixels. */
export const FRAME: {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly scale: number
} = { left: LEFT, top: TOP, right: RIGHT, bottom: TOP + Math.round((WORLD.bottom - WORLD.top) * SCALE), scale: SCALE }

/** Size of every picture, pixels. */
export const PICTURE: { readonly width: number; readonly height: number } = { width: 1600, height: FRAME.bottom + 146 }

/** World units to pixels. */
export function toPixels(x: number, y: number): readonly [x: number, y: number] {
  return [LEFT + (x - WORLD.left) * SCALE, TOP + (y - WORLD.top) * SCALE]
}
