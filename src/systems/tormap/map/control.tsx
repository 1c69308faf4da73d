/** Ties gestures, keys and the painter together, and knows which relay is pointed at. */
import { rowsOf, symbolAt, symbolNear, symbolToward } from './dots.ts'
import { aim, ARROWS, glide, listen, type Gestured } from './gestures.tsx'
import { startPainter, type Content, type Painter } from './painter.tsx'
import {
  fit,
  fromScreen,
  home,
  limit,
  pan,
  placeOf,
  reveal,
  toScreen,
  viewOf,
  zoomAt,
  type Place,
  type Point,
  type View,
} from './view.ts'
import type { Box } from './world.ts'

/** The relay that is pointed at. */
export interface Pointed {
  readonly row: number
  /** How many relays its dot stands for. */
  readonly alike: number
  /** Middle of the dot, px in the box. */
  readonly at: Point
  readonly byKey: boolean
}

/** What the control asks and tells. */
export interface Wiring {
  content(): Content
  onSelect(row: number | null): void
  onPoint(pointed: Pointed | null): void
  /** Where to look first; null: at home. */
  readonly start: Place | null
  onLook(place: Place | null): void
}

export interface Control {
  /** The content has changed. */
  show(): void
  recolour(): void
  /** Keys for the whole map; true when the key meant something. */
  mapKey(key: string): boolean
  /** Keys while one goes from dot to dot. */
  dotKey(key: string): boolean
  /** Points at a first dot for the keyboard, or (false) at none. */
  enterDots(enter: boolean): void
  zoom(factor: number): void
  reset(): void
  /** Goes to a part of the world. */
  visit(region: Box): void
  stop(): void
}

/** How near, px, a pointer has to come to a dot. */
const REACH = { mouse: 5, touch: 18 } as const
/** Zoom by a key. */
const ZOOM_STEP = 1.6
/** Px that an arrow key moves the map. */
const PAN_STEP = 80
/** Px that stay free around a dot reached by key. */
const MARGIN = 48

/** Calls back now and whenever the size of the box or of the screen's pixels changes. */
function watchSize(stage: HTMLElement, signal: AbortSignal, onSize: () => void): void {
  const observer = new ResizeObserver(onSize)
  observer.observe(stage)
  signal.addEventListener('abort', () => observer.disconnect())
  const watchRatio = (): void => {
    onSize()
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    query.addEventListener('change', watchRatio, { once: true, signal })
  }
  watchRatio()
}

/** Which relay is pointed at, found and told. A dot is an index into the painter's symbols; -1 is none. */
interface Pointing {
  dotAt(at: Point, reach: number): number
  /** The dot that is pointed at. */
  dot(): number
  byKey(): boolean
  point(dot: number, byKey: boolean): void
  /** Selects a relay of a dot; again on the same dot: the next one. */
  select(dot: number): void
  /** Tells again: what is drawn has changed. */
  tell(): void
}

function startPointing(painter: Painter, wiring: Wiring): Pointing {
  let pointed: { readonly row: number; readonly byKey: boolean; readonly map: Content['map'] } | null = null
  const dot = (): number => {
    // Rows of another hour are other relays.
    if (pointed?.map !== wiring.content().map) pointed = null
    return pointed ? (painter.symbols().symbolOf[pointed.row] ?? -1) : -1
  }
  const tell = (): void => {
    const symbol = dot()
    painter.point(symbol < 0 ? null : (pointed?.row ?? null))
    if (!pointed || symbol < 0) return wiring.onPoint(null)
    const { x, y, size } = painter.symbols()
    const at = toScreen(painter.view(), painter.size(), x[symbol] ?? 0, y[symbol] ?? 0)
    wiring.onPoint({ row: pointed.row, byKey: pointed.byKey, alike: size[symbol] ?? 1, at })
  }
  const pointRow = (row: number | undefined, byKey: boolean): void => {
    if (row === pointed?.row && byKey === (pointed?.byKey ?? false)) return
    pointed = row === undefined ? null : { row, byKey, map: wiring.content().map }
    tell()
  }
  return {
    dot,
    tell,
    byKey: () => pointed?.byKey ?? false,
    dotAt: (at, reach) => {
      const view = painter.view()
      const [x, y] = fromScreen(view, painter.size(), at[0], at[1])
      return symbolAt(painter.symbols(), x, y, reach / view.k, painter.radius() / view.k)
    },
    point: (symbol, byKey) => {
      const rows = rowsOf(painter.symbols(), symbol)
      const { selected } = wiring.content()
      pointRow(selected !== null && rows.includes(selected) ? selected : rows[0], byKey)
    },
    select: (symbol) => {
      const rows = rowsOf(painter.symbols(), symbol)
      const { selected } = wiring.content()
      const row = rows[((selected === null ? -1 : rows.indexOf(selected)) + 1) % rows.length]
      wiring.onSelect(row ?? null)
      if (pointed) pointRow(row, pointed.byKey)
    },
  }
}

/** Starts a map in `stage`, which holds its three canvases. */
export function startControl(stage: HTMLElement, wiring: Wiring): Control {
  const end = new AbortController()
  const painter = startPainter([...stage.querySelectorAll('canvas')], wiring.content())
  const pointing = startPointing(painter, wiring)
  const on: Gestured = {
    view: painter.view,
    size: painter.size,
    look: (view: View) => {
      painter.look(view)
      wiring.onLook(placeOf(view, painter.size()))
      // One finger scrolls the page up and down until the map is zoomed.
      stage.style.touchAction = view.k > home(painter.size()).k ? 'none' : 'pan-y'
      pointing.tell()
    },
    tap: (at, kind) => {
      const dot = pointing.dotAt(at, REACH[kind])
      if (dot >= 0) pointing.select(dot)
      else wiring.onSelect(null)
    },
    over: (at) => {
      if (at === null && pointing.byKey()) return
      const dot = at ? pointing.dotAt(at, REACH.mouse) : -1
      stage.classList.toggle('over-dot', dot >= 0)
      pointing.point(dot, false)
    },
  }
  listen(stage, on)
  watchSize(stage, end.signal, () => {
    painter.fit({ width: stage.clientWidth, height: stage.clientHeight }, devicePixelRatio)
    pointing.tell()
  })
  if (wiring.start && painter.size().width > 0) on.look(viewOf(wiring.start, painter.size()))
  const zoom = (factor: number): void => {
    const { width, height } = painter.size()
    const dot = pointing.byKey() ? pointing.dot() : -1
    const { x, y } = painter.symbols()
    const view = aim(on)
    const at = dot < 0 ? ([width / 2, height / 2] as const) : toScreen(view, painter.size(), x[dot] ?? 0, y[dot] ?? 0)
    glide(on, zoomAt(view, painter.size(), factor, at))
  }
  const goTo = (dot: number): void => {
    if (dot < 0) return
    pointing.point(dot, true)
    const { x, y } = painter.symbols()
    glide(on, reveal(aim(on), painter.size(), x[dot] ?? 0, y[dot] ?? 0, MARGIN))
  }
  const enter = (): void => {
    const { selected } = wiring.content()
    const symbols = painter.symbols()
    const own = symbols.symbolOf[selected ?? -1] ?? -1
    const { x, y } = painter.view()
    goTo(own >= 0 ? own : symbolNear(symbols, x, y))
  }
  const reset = (): void => glide(on, home(painter.size()))
  const zoomKey = (key: string): boolean => {
    if (key === '+' || key === '=') zoom(ZOOM_STEP)
    else if (key === '-' || key === '_') zoom(1 / ZOOM_STEP)
    else if (key === '0') reset()
    else return false
    return true
  }
  return {
    show: () => {
      painter.show(wiring.content())
      pointing.tell()
    },
    recolour: painter.recolour,
    zoom,
    reset,
    visit: (region) => glide(on, limit(fit(region, painter.size()), painter.size())),
    mapKey: (key) => {
      const arrow = ARROWS[key]
      if (!arrow) return zoomKey(key)
      glide(on, pan(aim(on), painter.size(), -arrow[0] * PAN_STEP, -arrow[1] * PAN_STEP))
      return true
    },
    dotKey: (key) => {
      const arrow = ARROWS[key]
      const dot = pointing.dot()
      if (arrow && dot < 0) enter()
      else if (arrow) goTo(symbolToward(painter.symbols(), dot, arrow))
      else if ((key === 'Enter' || key === ' ') && dot >= 0) pointing.select(dot)
      else if (key === 'Escape') wiring.onSelect(null)
      else return zoomKey(key)
      return true
    },
    enterDots: (entering) => {
      if (entering) enter()
      else pointing.point(-1, false)
    },
    stop: () => {
      end.abort()
      painter.stop()
    },
  }
}
