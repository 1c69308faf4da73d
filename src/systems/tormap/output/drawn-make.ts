/**
 * Draws what is the same in every picture, so that no run has to: the world without relays (drawn-world.json) and the
 * icons of the KMZ (drawn-icons.json). Run it with `--write` (node --import tsx) when a test says that these are old.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { MARKS } from '../map/marks.ts'
import { baseMap } from './base-map.ts'
import type { DrawnWorld } from './drawn.ts'
import { PICTURE } from './frame.ts'
import { iconFile } from './icons.ts'
import { outlineOf } from './outline.ts'
import { colour } from './palette.ts'
import type { Canvas } from './picture.ts'
import { encodePng } from './png-file.ts'
import { rasterCanvas } from './png.ts'
import { filledStencil, plainRaster, strokedStencil, type Stencil } from './raster.ts'
import { svgCanvas } from './svg.ts'

/** Thickness of borders and of the grid, pixels. */
const BORDER = 0.75
/** Radius of an icon, and thickness of a hollow one, pixels. */
const ICON = { radius: 11, thickness: 3 } as const
const LEVEL = 9

/** The content of drawn-world.json. */
export function makeWorld(): DrawnWorld {
  const elements: string[] = []
  drawWorld(svgCanvas(elements))
  const raster = plainRaster(PICTURE.width, PICTURE.height, colour('map-void'))
  drawWorld(rasterCanvas(raster))
  const rows = deflateSync(raster.rows, { level: LEVEL }).toString('base64')
  return { elements: elements.join('\n'), rows }
}

function drawWorld(canvas: Canvas): void {
  const { sphere, grid, land, borders } = baseMap()
  canvas.fill(sphere, colour('map-sea'))
  canvas.stroke(grid, BORDER, colour('map-graticule'))
  canvas.fill(land, colour('map-land'))
  canvas.stroke(borders, BORDER, colour('map-border'))
}

/** The content of drawn-icons.json: PNG in base64 by file. */
export async function makeIcons(): Promise<Record<string, string>> {
  const made: Record<string, string> = {}
  for (const { name, path } of MARKS) {
    const shape = outlineOf(path).map((value) => value * ICON.radius)
    made[iconFile(name, 'city')] = await whiteIcon(filledStencil(shape))
    made[iconFile(name, 'country')] = await whiteIcon(strokedStencil(shape, ICON.thickness))
  }
  return made
}

/** White where the stencil covers. */
async function whiteIcon({ size, cover }: Stencil): Promise<string> {
  const rows = new Uint8Array((2 * size + 1) * size)
  for (const [i, share] of cover.entries()) {
    const at = 2 * i + Math.floor(i / size) + 1
    rows[at] = 255
    rows[at + 1] = share * 255
  }
  return Buffer.from(await encodePng(size, size, 'grey and alpha', rows)).toString('base64')
}

if (process.argv[2] === '--write') {
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(import.meta.dirname, name), `${JSON.stringify(content, null, 2)}\n`)
  write('drawn-world.json', makeWorld())
  write('drawn-icons.json', await makeIcons())
}
