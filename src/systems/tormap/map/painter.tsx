/** The three canvases (base, dots, overlay) and when each of them is drawn: on need, once a frame at most. */
import type { MapWire } from '../wire.ts'
import { drawBase, keepBase, type Base } from './base.tsx'
import { readColours, type Colours } from './colours.tsx'
import { groupDots, placeDots, type Dots, type Symbols } from './dots.ts'
import { cellAt, levelAt, radiusAt } from './levels.ts'
import { drawOverlay } from './overlay.tsx'
import { drawSymbols, makeSprites, type Sprites } from './sprites.tsx'
import { home, resize, type Size, type View } from './view.ts'

/** From this zoom, device px a world unit, the coarse coast is seen to be coarse. */
const FINE_FROM = 0.42
/** What is left of the dots that don't stand out while others do. */
const FADED = 0.2

/** What the page says is to be seen. */
export interface Content {
  readonly map: MapWire
  readonly visible: (row: number) => boolean
  readonly selected: number | null
  readonly highlighted: ReadonlySet<number> | null
  readonly circuits: readonly (readonly number[])[]
}

/** Everything that is drawn, and what was made for a level of the zoom. */
interface Scene {
  content: Content
  dots: Dots
  colours: Colours
  size: Size
  ratio: number
  view: View
  hovered: number | null
  symbols: { readonly level: number; readonly all: Symbols; readonly bright: Symbols | null } | null
  sprites: { readonly level: number; readonly made: Sprites } | null
}

const LAYERS = ['base', 'dots', 'overlay'] as const
type Layer = (typeof LAYERS)[number]

export interface Painter {
  show(content: Content): void
  /** Rings a relay. */
  point(row: number | null): void
  look(view: View): void
  /** Reads the colours again. */
  recolour(): void
  fit(size: Size, ratio: number): void
  stop(): void
  view(): View
  size(): Size
  /** The dots as they lie now; those that stand out only, when some do. */
  symbols(): Symbols
  /** Of the smallest dot, CSS px. */
  radius(): number
}

function grouped(scene: Scene): NonNullable<Scene['symbols']> {
  const { content, dots, view } = scene
  const level = levelAt(view.k)
  if (scene.symbols?.level === level) return scene.symbols
  const { visible, highlighted } = content
  const all = groupDots(dots, visible, cellAt(level))
  const bright = highlighted && groupDots(dots, (row) => highlighted.has(row) && visible(row), cellAt(level))
  return (scene.symbols = { level, all, bright })
}

function stamped(scene: Scene): Sprites {
  const level = levelAt(scene.view.k)
  if (scene.sprites?.level === level) return scene.sprites.made
  const made = makeSprites(scene.colours, radiusAt(level), scene.ratio)
  scene.sprites = { level, made }
  return made
}

function clear(context: CanvasRenderingContext2D): void {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
}

/** Everything drawn so far as one, however many dots lie on each other. */
function fade(context: CanvasRenderingContext2D): void {
  context.globalCompositeOperation = 'destination-in'
  context.globalAlpha = FADED
  context.fillRect(0, 0, context.canvas.width, context.canvas.height)
  context.globalAlpha = 1
  context.globalCompositeOperation = 'source-over'
}

const DRAW: Readonly<Record<Layer, (context: CanvasRenderingContext2D, scene: Scene, base: Base) => void>> = {
  base: (context, { colours, view, size, ratio }, base) => drawBase(context, base, colours, view, size, ratio),
  dots: (context, scene) => {
    clear(context)
    const { all, bright } = grouped(scene)
    drawSymbols(context, all, stamped(scene), scene.view, scene.size, scene.ratio)
    if (!bright) return
    fade(context)
    drawSymbols(context, bright, stamped(scene), scene.view, scene.size, scene.ratio)
  },
  overlay: (context, scene, base) => {
    clear(context)
    const { all, bright } = grouped(scene)
    const radius = radiusAt(levelAt(scene.view.k))
    drawOverlay(context, { ...scene, ...scene.content, symbols: bright ?? all, base, radius })
  },
}

/** Starts drawing on three canvases that lie on each other. */
export function startPainter(canvases: readonly HTMLCanvasElement[], content: Content): Painter {
  const contexts = canvases.map((canvas, index) => canvas.getContext('2d', { alpha: index > 0 }))
  const scene: Scene = {
    content,
    dots: placeDots(content.map),
    colours: readColours(),
    size: { width: 0, height: 0 },
    ratio: 1,
    view: { x: 0, y: 0, k: 1 },
    hovered: null,
    symbols: null,
    sprites: null,
  }
  const dirty = new Set<Layer>()
  let frame = 0
  const soil = (...layers: readonly Layer[]): void => {
    for (const layer of layers) dirty.add(layer)
    frame ||= requestAnimationFrame(paint)
  }
  const base = keepBase(() => soil('base', 'overlay'))
  const paint = (): void => {
    frame = 0
    if (scene.size.width === 0) return
    base.need(scene.view.k * scene.ratio >= FINE_FROM)
    for (const [index, context] of contexts.entries()) {
      const layer = LAYERS[index]
      if (context && layer && dirty.has(layer)) DRAW[layer](context, scene, base.now())
    }
    dirty.clear()
  }

  return {
    show: (next) => {
      const { map, visible, highlighted } = scene.content
      scene.content = next
      if (next.map !== map) scene.dots = placeDots(next.map)
      if (next.map !== map || next.visible !== visible || next.highlighted !== highlighted) {
        scene.symbols = null
        soil('dots')
      }
      soil('overlay')
    },
    point: (row) => {
      if (row !== scene.hovered) soil('overlay')
      scene.hovered = row
    },
    look: (view) => {
      scene.view = view
      soil(...LAYERS)
    },
    recolour: () => {
      scene.colours = readColours()
      scene.sprites = null
      soil(...LAYERS)
    },
    fit: (size, ratio) => {
      const before = scene.size
      const same = size.width === before.width && size.height === before.height && ratio === scene.ratio
      if (same || size.width === 0 || size.height === 0) return
      const atHome = before.width === 0 || scene.view.k === home(before).k
      scene.view = atHome ? home(size) : resize(scene.view, before, size)
      Object.assign(scene, { size, ratio, sprites: null })
      for (const canvas of canvases) {
        canvas.width = Math.round(size.width * ratio)
        canvas.height = Math.round(size.height * ratio)
      }
      for (const layer of LAYERS) dirty.add(layer)
      // In the same frame, or the emptied canvases would flash.
      paint()
    },
    stop: () => cancelAnimationFrame(frame),
    view: () => scene.view,
    size: () => scene.size,
    symbols: () => grouped(scene).bright ?? grouped(scene).all,
    radius: () => radiusAt(levelAt(scene.view.k)),
  }
}
