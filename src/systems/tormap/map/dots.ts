/** From relays to dots: those of one class that would lie on each other become one dot, the larger the more they are. */
import type { MapWire } from '../wire.ts'
import { toWorld } from './world.ts'

/** Every relay's place on the plane, by row of the map document. */
export interface Dots {
  readonly x: Float32Array
  readonly y: Float32Array
  /** Twice the class, plus 1 for a relay of which only the country is known; UNPLACED for one without any place. */
  readonly style: Uint8Array
}

export const UNPLACED = 255

/** Relays that are drawn as one. A symbol is an index into these columns. */
export interface Symbols {
  /** Edge of a cell, world units. */
  readonly cell: number
  readonly count: number
  readonly x: Float32Array
  readonly y: Float32Array
  readonly style: Uint8Array
  /** How many relays. */
  readonly size: Uint16Array
  /** Into SIZE_STEPS. */
  readonly step: Uint8Array
  /** A relay of the symbol; the others by `nextRow`, until -1. */
  readonly firstRow: Int32Array
  readonly nextRow: Int32Array
  /** Of every row; -1 when it isn't shown. */
  readonly symbolOf: Int32Array
  /** What is drawn first comes first: places known by country only, then the largest; the rarest classes come last. */
  readonly order: readonly number[]
  /** Place in `order`. */
  readonly rank: Int32Array
  /** First symbol in a cell; the others by `nextInCell`, until -1. */
  readonly cells: ReadonlyMap<number, number>
  readonly nextInCell: Int32Array
}

/** From how many relays a dot is how much larger: its area grows with their number, but slower, or Europe were one dot. */
export const SIZE_STEPS: readonly (readonly [from: number, factor: number])[] = [
  [1, 1],
  [3, 1.4],
  [8, 1.9],
  [20, 2.5],
  [60, 3.3],
  [200, 4.3],
]

/** More cells than the world has in each direction at any zoom. */
const STRIDE = 1 << 20
/** Bad exits and authorities lie above everything. */
const RARE = 2

function cellKey(column: number, row: number): number {
  return (column + STRIDE / 2) * STRIDE + row + STRIDE / 2
}

/** Projects all relays; once a map document. */
export function placeDots({ columns, places }: MapWire): Dots {
  const count = columns.place.length
  const dots = { x: new Float32Array(count), y: new Float32Array(count), style: new Uint8Array(count).fill(UNPLACED) }
  for (let row = 0; row < count; row += 1) {
    const place = columns.place[row] ?? -1
    if (place < 0) continue
    const longitude = (places.longitude[place] ?? 0) + (columns.east[row] ?? 0)
    const latitude = (places.latitude[place] ?? 0) + (columns.north[row] ?? 0)
    const [x, y] = toWorld(longitude / 100, latitude / 100)
    dots.x[row] = x
    dots.y[row] = y
    dots.style[row] = 2 * (columns.original[row] ?? 0) + (places.kind[place] === 'country' ? 1 : 0)
  }
  return dots
}

function stepOf(size: number): number {
  let step = 0
  while (size >= (SIZE_STEPS[step + 1]?.[0] ?? Infinity)) step += 1
  return step
}

function drawOrder(count: number, style: Uint8Array, step: Uint8Array): number[] {
  const key = (symbol: number): number => {
    const own = style[symbol] ?? 0
    const layer = own >> 1 < RARE ? 0 : 1 + (own & 1)
    return (layer * SIZE_STEPS.length + (step[symbol] ?? 0)) * 32 + own
  }
  const keys = Uint16Array.from({ length: count }, (_, symbol) => key(symbol))
  return Array.from({ length: count }, (_, symbol) => symbol).toSorted(
    (a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || a - b,
  )
}

/** Relays of one kind in one cell. Indices are in the order of their first rows. */
interface Piles {
  count: number
  readonly x: Float32Array
  readonly y: Float32Array
  readonly style: Uint8Array
  readonly size: Uint16Array
  /** First pile in a cell; the others by `next`, until -1. */
  readonly cells: ReadonlyMap<number, number>
  readonly next: Int32Array
  /** Of every row; -1 when it isn't shown. */
  readonly of: Int32Array
}

function pileUp(dots: Dots, visible: (row: number) => boolean, cell: number): Piles {
  const rows = dots.style.length
  const cells = new Map<number, number>()
  const [x, y] = [new Float32Array(rows), new Float32Array(rows)]
  const [style, size] = [new Uint8Array(rows), new Uint16Array(rows)]
  const [next, of] = [new Int32Array(rows), new Int32Array(rows).fill(-1)]
  let count = 0
  for (let row = 0; row < rows; row += 1) {
    const own = dots.style[row] ?? UNPLACED
    if (own === UNPLACED || !visible(row)) continue
    const key = cellKey(Math.floor((dots.x[row] ?? 0) / cell), Math.floor((dots.y[row] ?? 0) / cell))
    const first = cells.get(key) ?? -1
    let pile = first
    while (pile >= 0 && style[pile] !== own) pile = next[pile] ?? -1
    if (pile < 0) {
      pile = count
      count += 1
      style[pile] = own
      next[pile] = first
      cells.set(key, pile)
    }
    const n = (size[pile] = (size[pile] ?? 0) + 1)
    x[pile] = (x[pile] ?? 0) + ((dots.x[row] ?? 0) - (x[pile] ?? 0)) / n
    y[pile] = (y[pile] ?? 0) + ((dots.y[row] ?? 0) - (y[pile] ?? 0)) / n
    of[row] = pile
  }
  return { count, x, y, style, size, cells, next, of }
}

/** Largest first: into which pile each goes, because that one's dot would cover the middle of its own. */
function merge({ count, x, y, style, size, cells, next }: Piles, cell: number): Int32Array {
  const into = Int32Array.from({ length: count }, (_, pile) => pile)
  const largest = into.toSorted((a, b) => (size[b] ?? 0) - (size[a] ?? 0) || a - b)
  for (const pile of largest) {
    if (into[pile] !== pile) continue
    const [px, py, own] = [x[pile] ?? 0, y[pile] ?? 0, style[pile]]
    const reach = (cell / 2) * (SIZE_STEPS[stepOf(size[pile] ?? 0)]?.[1] ?? 1)
    const [right, bottom] = [Math.floor((px + reach) / cell), Math.floor((py + reach) / cell)]
    for (let column = Math.floor((px - reach) / cell); column <= right; column += 1) {
      for (let row = Math.floor((py - reach) / cell); row <= bottom; row += 1) {
        let other = cells.get(cellKey(column, row)) ?? -1
        for (; other >= 0; other = next[other] ?? -1) {
          if (style[other] !== own || into[other] !== other || other === pile) continue
          if (Math.hypot((x[other] ?? 0) - px, (y[other] ?? 0) - py) < reach) into[other] = pile
        }
      }
    }
  }
  return into
}

/** Groups the relays that are shown; `cell` is the edge of a square, world units, within which dots would overlap. */
export function groupDots(dots: Dots, visible: (row: number) => boolean, cell: number): Symbols {
  const piles = pileUp(dots, visible, cell)
  const into = merge(piles, cell)
  const rows = dots.style.length
  const [x, y] = [new Float32Array(piles.count), new Float32Array(piles.count)]
  const [style, size, step] = [new Uint8Array(piles.count), new Uint16Array(piles.count), new Uint8Array(piles.count)]
  const links = (length: number): Int32Array<ArrayBuffer> => new Int32Array(length).fill(-1)
  const [symbolIn, firstRow, nextInCell] = [links(piles.count), links(piles.count), links(piles.count)]
  const [nextRow, symbolOf] = [links(rows), links(rows)]
  let count = 0
  for (let row = 0; row < rows; row += 1) {
    const pile = into[piles.of[row] ?? -1] ?? -1
    if (pile < 0) continue
    let symbol = symbolIn[pile] ?? -1
    if (symbol < 0) {
      symbol = symbolIn[pile] = count
      count += 1
      style[symbol] = piles.style[pile] ?? 0
    }
    const n = (size[symbol] = (size[symbol] ?? 0) + 1)
    x[symbol] = (x[symbol] ?? 0) + ((dots.x[row] ?? 0) - (x[symbol] ?? 0)) / n
    y[symbol] = (y[symbol] ?? 0) + ((dots.y[row] ?? 0) - (y[symbol] ?? 0)) / n
    nextRow[row] = firstRow[symbol] ?? -1
    firstRow[symbol] = row
    symbolOf[row] = symbol
  }
  const cells = new Map<number, number>()
  for (let symbol = 0; symbol < count; symbol += 1) {
    step[symbol] = stepOf(size[symbol] ?? 0)
    const key = cellKey(Math.floor((x[symbol] ?? 0) / cell), Math.floor((y[symbol] ?? 0) / cell))
    nextInCell[symbol] = cells.get(key) ?? -1
    cells.set(key, symbol)
  }
  const order = drawOrder(count, style, step)
  const rank = new Int32Array(count)
  for (const [place, symbol] of order.entries()) rank[symbol] = place
  return { cell, count, x, y, style, size, step, firstRow, nextRow, symbolOf, order, rank, cells, nextInCell }
}

/** The symbol at a world point: the uppermost that covers it, else the nearest within `reach`; -1 for none. */
export function symbolAt(symbols: Symbols, x: number, y: number, reach: number, radius: number): number {
  const most = reach + radius * (SIZE_STEPS.at(-1)?.[1] ?? 1)
  const from = (value: number): number => Math.floor((value - most) / symbols.cell)
  const to = (value: number): number => Math.floor((value + most) / symbols.cell)
  let [best, bestGap] = [-1, reach]
  for (let column = from(x); column <= to(x); column += 1) {
    for (let row = from(y); row <= to(y); row += 1) {
      let symbol = symbols.cells.get(cellKey(column, row)) ?? -1
      for (; symbol >= 0; symbol = symbols.nextInCell[symbol] ?? -1) {
        const own = radius * (SIZE_STEPS[symbols.step[symbol] ?? 0]?.[1] ?? 1)
        const distance = Math.hypot((symbols.x[symbol] ?? 0) - x, (symbols.y[symbol] ?? 0) - y)
        const gap = Math.max(0, distance - own)
        const above = best >= 0 && gap === bestGap && (symbols.rank[symbol] ?? 0) > (symbols.rank[best] ?? 0)
        if (gap < bestGap || above || (best < 0 && gap <= reach)) [best, bestGap] = [symbol, gap]
      }
    }
  }
  return best
}

/** The symbol that costs least to reach from a world point; -1 when all cost infinitely much. */
function cheapest(
  { count, x, y }: Symbols,
  [fromX, fromY]: readonly [number, number],
  cost: (dx: number, dy: number, symbol: number) => number,
): number {
  let [best, least] = [-1, Infinity]
  for (let symbol = 0; symbol < count; symbol += 1) {
    const own = cost((x[symbol] ?? 0) - fromX, (y[symbol] ?? 0) - fromY, symbol)
    if (own < least) [best, least] = [symbol, own]
  }
  return best
}

/** The symbol nearest to a world point; -1 when there is none. */
export function symbolNear(symbols: Symbols, x: number, y: number): number {
  return cheapest(symbols, [x, y], (dx, dy) => Math.hypot(dx, dy))
}

/** World units: less than any zoom shows. */
const NEXT_IN_PILE = 1e-6

/**
 * The next symbol in a direction (one of the arrow keys); what lies aside counts as farther. Those at the very same
 * place come one after the other: right and down go through them, left and up back. -1 for none.
 */
export function symbolToward(symbols: Symbols, from: number, [x, y]: readonly [number, number]): number {
  const place = [symbols.x[from] ?? 0, symbols.y[from] ?? 0] as const
  return cheapest(symbols, place, (dx, dy, symbol) => {
    const along = dx * x + dy * y
    const aside = Math.abs(dx * y + dy * x)
    if (along === 0 && aside === 0) {
      const steps = (symbol - from) * (x + y)
      return steps > 0 ? steps * NEXT_IN_PILE : Infinity
    }
    return along > 0 && aside <= 2 * along ? along + 2 * aside : Infinity
  })
}

/** The relays of a symbol, in the order of the map document. */
export function rowsOf(symbols: Symbols, symbol: number): number[] {
  const rows: number[] = []
  for (let row = symbols.firstRow[symbol] ?? -1; row >= 0; row = symbols.nextRow[row] ?? -1) rows.push(row)
  return rows.toReversed()
}
