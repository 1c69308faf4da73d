import type { RelayMap } from '../types.ts'
import { xml } from './markup.ts'
import { colour } from './palette.ts'
import { worldElements } from './drawn.ts'
import { PICTURE } from './frame.ts'
import { drawPicture, type Canvas, type Ink, type Label } from './picture.ts'
import { geoSentence, title, verifiedSentence } from './sentences.ts'
import type { Line } from './strokes.ts'

const FONT = "system-ui, 'Segoe UI', 'Noto Sans', sans-serif"

/** The map as an SVG picture; it needs nothing from outside. */
export function svg(map: RelayMap): string {
  const parts = [worldElements]
  drawPicture(map, svgCanvas(parts))
  const { width, height } = PICTURE
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT}">
<title>${xml(title(map))}</title>
<desc>${xml(verifiedSentence(map))} ${xml(geoSentence(map))}</desc>
<rect width="${width}" height="${height}" fill="${colour('map-void')}"/>
${parts.join('\n')}
</svg>
`
}

/** Draws by adding elements to `parts`. */
export function svgCanvas(parts: string[]): Canvas {
  return {
    fill: (outlines, fill) => void parts.push(`<path fill="${fill}" d="${outlines.map(closedPath).join('')}"/>`),
    stroke: (lines, thickness, stroke) =>
      void parts.push(
        `<path fill="none" stroke="${stroke}" stroke-width="${thickness}" d="${lines.map(path).join('')}"/>`,
      ),
    dots: (points, shape, ink) => void parts.push(dotsElement(points, shape, ink)),
    write: (label) => void parts.push(textElement(label)),
  }
}

/** Tenths of a pixel. */
const round = (value: number): number => Math.round(value * 10) / 10

/** From point to point by steps, which have fewer digits than places. */
function path(line: Line): string {
  const places = line.map((value) => Math.round(value * 10))
  const steps = places.slice(2).map((place, i) => (place - (places[i] ?? 0)) / 10)
  const start = places.slice(0, 2).map((place) => place / 10)
  return `M${start.join(' ')}${steps.length === 0 ? '' : `l${steps.join(' ').replaceAll(' -', '-')}`}`
}
const closedPath = (line: Line): string => `${path(line)}Z`

function dotsElement(points: Line, shape: Line, { fill, opacity, edge, thickness, edgeOnTop }: Ink): string {
  const [x = 0, y = 0] = shape
  // The shape from its first corner on, so that a dot costs a few characters.
  const steps = shape.slice(2, -2).map((value, i) => round(value - (shape[i] ?? 0)))
  const figure = `l${steps.join(' ')}z`
  let d = ''
  for (let i = 0; i < points.length; i += 2)
    d += `M${round((points[i] ?? 0) + x)} ${round((points[i + 1] ?? 0) + y)}${figure}`
  const below = edgeOnTop ? '' : ' paint-order="stroke"'
  const faint = opacity === 1 ? '' : ` fill-opacity="${opacity}"`
  return `<path fill="${fill}"${faint} stroke="${edge}" stroke-width="${thickness}" stroke-linejoin="round"${below} d="${d}"/>`
}

function textElement({ x, y, text, size, colour: fill, anchor = 'start', opacity, turned }: Label): string {
  const placed = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  const faint = opacity === undefined ? '' : ` opacity="${opacity}"`
  const turn = turned === undefined ? '' : ` transform="rotate(${turned} ${x} ${y})"`
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}"${placed}${faint}${turn}>${xml(text)}</text>`
}
