import type { RelayMap } from '../types.ts'
import { encodePng } from './png-file.ts'
import { worldRaster } from './drawn.ts'
import { drawPicture, type Canvas, type Ink, type Label } from './picture.ts'
import { filledStencil, fillOutlines, press, strokedStencil, strokeLines, type Raster } from './raster.ts'
import { STROKE_SHARE, strokeText, strokeWidth, type Line } from './strokes.ts'

/** The map as a PNG picture, drawn without browser and fonts. */
export function png(map: RelayMap): Promise<Uint8Array> {
  const raster = worldRaster()
  drawPicture(map, rasterCanvas(raster))
  return encodePng(raster.width, raster.height, 'red, green, blue', raster.rows)
}

/** Draws on pixels. */
export function rasterCanvas(raster: Raster): Canvas {
  return {
    fill: (outlines, fill) => fillOutlines(raster, outlines, fill),
    stroke: (lines, thickness, stroke) => strokeLines(raster, lines, thickness, stroke),
    dots: (points, shape, ink) => pressDots(raster, points, shape, ink),
    write: (label) => strokeLines(raster, placed(label), label.size * STROKE_SHARE, label.colour, label.opacity),
  }
}

function pressDots(
  raster: Raster,
  points: Line,
  shape: Line,
  { fill, opacity, edge, thickness, edgeOnTop }: Ink,
): void {
  const inside = filledStencil(shape)
  const around = strokedStencil(shape, thickness)
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i] ?? 0, points[i + 1] ?? 0]
    if (!edgeOnTop) press(raster, around, x, y, edge)
    press(raster, inside, x, y, fill, opacity)
    if (edgeOnTop) press(raster, around, x, y, edge)
  }
}

/** The strokes of a label where it belongs. */
function placed({ x, y, text, size, anchor = 'start', turned = 0 }: Label): readonly Line[] {
  const shift = { start: 0, middle: 0.5, end: 1 }[anchor] * strokeWidth(text, size)
  const angle = (turned * Math.PI) / 180
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  return strokeText(text, size).map((line) =>
    line.map((_, i) => {
      const dx = (line[i - (i % 2)] ?? 0) - shift
      const dy = line[i - (i % 2) + 1] ?? 0
      return i % 2 === 0 ? x + dx * cosine - dy * sine : y + dx * sine + dy * cosine
    }),
  )
}
