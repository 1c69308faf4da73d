/** From counts to rates: what happened between two readings. Pure. */
import type { Counts, Line } from './parse.ts'

/**
 * Interrupts a second of one line on one CPU that no CPU can serve (an interrupt costs at least some hundred
 * nanoseconds). A "growth" above it is a counter that began anew.
 */
const MOST_PER_SECOND = 10_000_000
/** A counter that seems to have grown by more has fallen: it began anew. */
const HALF_RANGE = 2 ** 31

/** Counts with what they say since the reading before. Unknown figures are NaN. */
export interface Measured {
  readonly counts: Counts
  /** Per second, shaped like `counts.values`. */
  readonly rates: Float32Array
  /** Per second and line, over all CPUs. */
  readonly lineRates: Float64Array
  /** Since boot and line, over the CPUs that are there. */
  readonly lineTotals: Float64Array
  /** Per second and CPU, over all lines that count per CPU. */
  readonly cpuRates: Float64Array
  /** Per second, over all of them. */
  readonly rate: number
}

/** The sum of some rates. */
export function sumOf(rates: Float64Array): number {
  let sum = 0
  for (let i = 0; i < rates.length; i += 1) sum += rates[i] as number
  return sum
}

/** Keeps the counts before; its arrays are overwritten by the next measurement. */
export interface Meter {
  /** `seconds` since the measurement before; 0 when there is none to compare with. */
  measure(counts: Counts, seconds: number): Measured
}

/** For each of `now` its place in `before`, -1 when it is new. Null: nothing moved. */
function places<T>(before: readonly T[], now: readonly T[]): Int32Array | null {
  if (before === now) return null
  const index = new Map(before.map((item, i) => [item, i]))
  return Int32Array.from(now, (item) => index.get(item) ?? -1)
}

interface Grids {
  readonly rates: Float32Array
  readonly lineRates: Float64Array
  readonly lineTotals: Float64Array
  readonly cpuRates: Float64Array
}

function grids(rows: number, width: number): Grids {
  return {
    rates: new Float32Array(rows * width),
    lineRates: new Float64Array(rows),
    lineTotals: new Float64Array(rows),
    cpuRates: new Float64Array(width),
  }
}

/** Two readings side by side. */
interface Pair {
  readonly before: Counts
  readonly now: Counts
  /** Places of `now`'s CPUs in `before`; null when they are the same. */
  readonly columns: Int32Array | null
  readonly seconds: number
}

/**
 * Rates of one row into `out`; false when a counter of it began anew (the interrupt was freed and given out again),
 * which makes the whole row incomparable for this once.
 */
function rowRates({ before, now, columns, seconds }: Pair, from: number, row: number, out: Float32Array): boolean {
  const width = now.cpus.length
  const most = Math.min(HALF_RANGE, MOST_PER_SECOND * seconds)
  const base = row * width
  const oldBase = from * before.cpus.length
  for (let c = 0; c < width; c += 1) {
    const column = columns === null ? c : (columns[c] as number)
    if (column < 0) {
      out[base + c] = NaN
      continue
    }
    const grown = ((now.values[base + c] as number) - (before.values[oldBase + column] as number)) >>> 0
    if (grown > most) return false
    out[base + c] = grown === 0 ? 0 : grown / seconds
  }
  return true
}

/** Adds a row's rates to its CPUs and gives their sum; NaN when none is known. */
function addUp(line: Line, rates: Float32Array, base: number, width: number, cpuRates: Float64Array): number {
  const perCpu = line.kind === 'cpus'
  const figures = perCpu ? width : line.kind === 'one' ? 1 : 0
  let sum = NaN
  for (let c = 0; c < figures; c += 1) {
    const rate = rates[base + c] as number
    if (rate !== rate) continue
    sum = sum !== sum ? rate : sum + rate
    if (perCpu && rate > 0) cpuRates[c] = (cpuRates[c] as number) + rate
  }
  return sum
}

/** A meter for one file. */
export function createMeter(): Meter {
  let before: Counts | null = null
  let grid = grids(0, 0)
  return {
    measure(counts, seconds) {
      const { cpus, lines } = counts
      const width = cpus.length
      if (grid.lineRates.length !== lines.length || grid.cpuRates.length !== width) grid = grids(lines.length, width)
      const { rates, lineRates, lineTotals, cpuRates } = grid
      const pair: Pair | null =
        before !== null && seconds > 0 ? { before, now: counts, columns: places(before.cpus, cpus), seconds } : null
      const rows = pair ? places(pair.before.lines, lines) : null
      let anyKnown = false
      cpuRates.fill(0)
      for (let row = 0; row < lines.length; row += 1) {
        const base = row * width
        const from = rows === null ? row : (rows[row] as number)
        let total = 0
        for (let i = base; i < base + width; i += 1) total += counts.values[i] as number
        lineTotals[row] = total
        const known = pair !== null && from >= 0 && rowRates(pair, from, row, rates)
        if (!known) rates.fill(NaN, base, base + width)
        lineRates[row] = known ? addUp(lines[row] as Line, rates, base, width, cpuRates) : NaN
        anyKnown ||= known
      }
      if (!anyKnown) cpuRates.fill(NaN)
      before = counts
      return { counts, ...grid, rate: sumOf(cpuRates) }
    },
  }
}
