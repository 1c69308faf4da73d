/** The world without relays, the same in every picture, as drawn-make.ts has drawn it. */
import { inflateSync } from 'node:zlib'
import content from './drawn-world.json' with { type: 'json' }
import { PICTURE } from './frame.ts'
import { createRaster, type Raster } from './raster.ts'

/** The content of drawn-world.json. */
export interface DrawnWorld {
  /** As elements of an SVG picture. */
  readonly elements: string
  /** As rows (see Raster), deflated, in base64. */
  readonly rows: string
}

const world: DrawnWorld = content

/** The world as elements of an SVG picture. */
export const worldElements: string = world.elements

/** A picture of the world, to draw on. */
export function worldRaster(): Raster {
  return createRaster(PICTURE.width, PICTURE.height, inflateSync(Buffer.from(world.rows, 'base64')))
}
