/** The map as a picture, drawn on anything that can fill, stroke and write: SVG text or pixels. */
import { count } from '#core/units.ts'
import { classCount } from '../map/fast.ts'
import { groupDots, SIZE_STEPS, UNPLACED, type Dots, type Symbols } from '../map/dots.ts'
import { MARKS } from '../map/marks.ts'
import { toWorld } from '../map/world.ts'
import { hourWire } from '../stats.ts'
import { ORIGINAL_CLASSES, type MapRelay, type RelayMap } from '../types.ts'
import { timeText } from '../words.ts'
import { FRAME, PICTURE, toPixels } from './frame.ts'
import { outlineOf } from './outline.ts'
import { colour } from './palette.ts'
import type { Colour } from './raster.ts'
import { geoSentence, stamp, verifiedSentence } from './sentences.ts'
import { strokeWidth, type Line } from './strokes.ts'

const { left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM } = FRAME
const ROOM = RIGHT - LEFT
/** Columns of the legend; the classes take two rows. */
const LEGEND = { top: BOTTOM + 36, columns: 4, column: 210, row: 30, geo: BOTTOM + 108 } as const
/** Height of a line of the smallest text, and how many there are at most. */
const SMALL_ROW = 20
const SMALL_ROWS = 2
const SIZE = { display: 30, text: 16, small: 13, stamp: 200 } as const
/** Radius of a dot that is one relay, pixels; dots grow with the number of relays. */
const RADIUS = 2.6
const LEGEND_RADIUS = 5
/** The edge that keeps dots apart, and the ring that stands for a country, pixels. */
const EDGE = 0.9
const RING = 1.15
const COUNTRY_OPACITY = 0.55
const STAMP = { degrees: -16, opacity: 0.4 } as const

export interface Label {
  readonly x: number
  /** Of the base line. */
  readonly y: number
  readonly text: string
  readonly size: number
  readonly colour: Colour
  /** Where `x` is; `start` when left out. */
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly opacity?: number
  /** Turned around x, y; degrees. */
  readonly turned?: number
}

/** How a dot is drawn: first the line around it, then its inside; or the other way round. */
export interface Ink {
  readonly fill: Colour
  readonly opacity: number
  readonly edge: Colour
  readonly thickness: number
  readonly edgeOnTop: boolean
}

export interface Canvas {
  fill(outlines: readonly Line[], colour: Colour): void
  stroke(lines: readonly Line[], thickness: number, colour: Colour): void
  /** The same small closed shape (around 0, 0) at every point (x, y, x, y ...). */
  dots(points: Line, shape: Line, ink: Ink): void
  write(label: Label): void
}

/** What takes long to find out of a map, and is the same for every kind of picture. */
const scenes = new WeakMap<RelayMap, Symbols>()

function symbolsOf(map: RelayMap): Symbols {
  const known = scenes.get(map)
  if (known !== undefined) return known
  const symbols = groupDots(dotsOf(map.relays), () => true, (2 * RADIUS) / FRAME.scale)
  scenes.set(map, symbols)
  return symbols
}

/** Where the relays are on the plane, and in which style: what `groupDots` wants. */
function dotsOf(relays: readonly MapRelay[]): Dots {
  const dots = {
    x: new Float32Array(relays.length),
    y: new Float32Array(relays.length),
    style: new Uint8Array(relays.length).fill(UNPLACED),
  }
  for (const [row, { longitude, latitude, original, place }] of relays.entries()) {
    if (longitude === null || latitude === null) continue
    const [x, y] = toWorld(longitude, latitude)
    dots.x[row] = x
    dots.y[row] = y
    dots.style[row] = 2 * ORIGINAL_CLASSES.indexOf(original) + (place.kind === 'country' ? 1 : 0)
  }
  return dots
}

/** Draws all that is not the same in every picture, on the world (drawn.ts). */
export function drawPicture(map: RelayMap, canvas: Canvas): void {
  drawRelays(symbolsOf(map), canvas)
  const across = stamp(map)
  if (across !== null) drawStamp(across, canvas)
  drawTitle(map, canvas)
  drawLegend(map, canvas)
}

function drawRelays(symbols: Symbols, canvas: Canvas): void {
  let points: number[] = []
  for (const [i, symbol] of symbols.order.entries()) {
    const [x, y] = toPixels(symbols.x[symbol] ?? 0, symbols.y[symbol] ?? 0)
    points.push(x, Math.min(BOTTOM, Math.max(TOP, y)))
    const next = symbols.order[i + 1] ?? -1
    const [style, step] = [symbols.style[symbol] ?? 0, symbols.step[symbol] ?? 0]
    if (style === symbols.style[next] && step === symbols.step[next]) continue
    drawDots(canvas, points, style, RADIUS * (SIZE_STEPS[step]?.[1] ?? 1))
    points = []
  }
}

/** Draws dots of one style: twice the class, plus 1 for relays of which only the country is known. */
function drawDots(canvas: Canvas, points: Line, style: number, radius: number): void {
  const mark = MARKS[style >> 1]
  if (mark === undefined) return
  const [own, land] = [colour(mark.token), colour('map-land')]
  const shape = outlineOf(mark.path).map((value) => value * radius)
  if (style % 2 === 1)
    canvas.dots(points, shape, { fill: land, opacity: COUNTRY_OPACITY, edge: own, thickness: RING, edgeOnTop: true })
  else canvas.dots(points, shape, { fill: own, opacity: 1, edge: land, thickness: 2 * EDGE, edgeOnTop: false })
}

function drawStamp(text: string, canvas: Canvas): void {
  const [x, y] = [PICTURE.width / 2, (TOP + BOTTOM) / 2 + SIZE.stamp / 3]
  const { degrees: turned, opacity } = STAMP
  canvas.write({ x, y, text, size: SIZE.stamp, colour: colour('warn'), anchor: 'middle', opacity, turned })
}

function drawTitle(map: RelayMap, canvas: Canvas): void {
  const { display: size } = SIZE
  canvas.write({ x: LEFT, y: 54, text: `${count(map.relays.length)} Tor relays`, size, colour: colour('ink') })
  const when = timeText(map.consensus.validAfter)
  canvas.write({ x: RIGHT, y: 54, text: when, size, colour: colour('ink-2'), anchor: 'end' })
  const text = fitted(verifiedSentence(map), SIZE.text)
  canvas.write({ x: LEFT, y: 84, text, size: SIZE.text, colour: colour(stamp(map) === null ? 'ok' : 'warn') })
}

function drawLegend(map: RelayMap, canvas: Canvas): void {
  const hour = hourWire(map)
  const { placed } = hour
  const entry = (i: number, style: number, text: string): void => {
    const x = LEFT + (i % (LEGEND.columns + 1)) * LEGEND.column
    const y = LEGEND.top + Math.floor(i / (LEGEND.columns + 1)) * LEGEND.row
    if (style >= 0) drawDots(canvas, [x + 8, y - 6], style, LEGEND_RADIUS)
    canvas.write({ x: x + 24, y, text, size: SIZE.text, colour: colour('ink') })
  }
  const other = MARKS.findIndex(({ name }) => name === 'stable')
  for (const [i, { name, title }] of MARKS.entries())
    entry(i + Math.floor(i / LEGEND.columns), 2 * i, `${title}  ${classCount(hour, name)}`)
  entry(LEGEND.columns, 2 * other + 1, `Hollow: country known, not the city  ${count(placed.country)}`)
  entry(2 * LEGEND.columns + 1, -1, `Without a place, not drawn  ${count(placed.unplaced)}`)
  for (const [i, text] of wrapped(geoSentence(map), SIZE.small).entries())
    canvas.write({ x: LEFT, y: LEGEND.geo + i * SMALL_ROW, text, size: SIZE.small, colour: colour('ink-3') })
}

/** Lines of words that fit between the margins, at most so many that they fit below the legend. */
function wrapped(text: string, size: number): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart()
    if (lines.length === SMALL_ROWS || strokeWidth(longer, size) <= ROOM) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.map((line) => fitted(line, size))
}

/** Cuts what would leave the picture; sentences of databases have any length. */
function fitted(text: string, size: number): string {
  if (strokeWidth(text, size) <= ROOM) return text
  let short = text
  while (strokeWidth(`${short}...`, size) > ROOM) short = short.slice(0, -1)
  return `${short}...`
}
