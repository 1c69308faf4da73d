/**
 * The layout of an hour of figures, and how figures become the points of a chart. Pure.
 * Figures are Float32 (7 digits, enough for a chart), little-endian like every machine Node's Linux builds run on
 * but s390x; NaN is a gap.
 */

/** One stored hour, ms. */
export const HOUR_MS = 3_600_000
/** Seconds of one roll-up point, or the next length that holds whole points. */
const ROLLUP_STEP = 300

const HOUR_SECONDS = 3600

/** An hour of gaps at `step` seconds. */
export function emptyHour(step: number): Float32Array {
  return new Float32Array(HOUR_SECONDS / step).fill(Number.NaN)
}

/** The bytes of `figures`, as the database keeps them; no copy. */
export function toBlob(figures: Float32Array): Uint8Array {
  return new Uint8Array(figures.buffer, figures.byteOffset, figures.byteLength)
}

/** Figures out of the database; a blob of no valid length has none. */
export function fromBlob(blob: Uint8Array): Float32Array {
  // The copy also aligns: a Float32Array must start at a multiple of four.
  return blob.byteLength % 4 === 0 ? new Float32Array(Uint8Array.from(blob).buffer) : new Float32Array(0)
}

/** Moves an hour that was measured at another step to `step`; where several figures meet, the latest counts. */
export function regrid(hour: Float32Array, step: number): Float32Array {
  const result = emptyHour(step)
  if (hour.length === result.length) return hour
  const ratio = result.length / hour.length
  for (const [index, figure] of hour.entries()) {
    if (!Number.isNaN(figure)) result[Math.floor(index * ratio)] = figure
  }
  return result
}

/** Seconds of a roll-up point for a series of `step` seconds. */
export function rollUpStep(step: number): number {
  let rolled = step
  while (rolled < ROLLUP_STEP || HOUR_SECONDS % rolled !== 0) rolled += step
  return rolled
}

/** An hour's roll-up: average, minimum and maximum of each `rollUpStep`, one after the other. */
export function rollUp(hour: Float32Array): Float32Array {
  const step = HOUR_SECONDS / hour.length
  const buckets = createBuckets(0, HOUR_MS, rollUpStep(step) * 1000)
  addRaw(buckets, 0, hour)
  const triples = new Float32Array(buckets.count.length * 3)
  for (const [index, count] of buckets.count.entries()) {
    triples[index * 3] = count === 0 ? Number.NaN : at(buckets.sum, index) / count
    triples[index * 3 + 1] = count === 0 ? Number.NaN : at(buckets.minimum, index)
    triples[index * 3 + 2] = count === 0 ? Number.NaN : at(buckets.maximum, index)
  }
  return triples
}

/** Points of a chart in the making: equally long slices of time, `size` ms each, the first at `start`. */
export interface Buckets {
  readonly start: number
  readonly size: number
  readonly count: Uint32Array
  readonly sum: Float64Array
  readonly minimum: Float64Array
  readonly maximum: Float64Array
}

/** Buckets of `size` ms from `start` until `end` is covered. */
export function createBuckets(start: number, end: number, size: number): Buckets {
  const length = Math.ceil((end - start) / size)
  return {
    start,
    size,
    count: new Uint32Array(length),
    sum: new Float64Array(length),
    minimum: new Float64Array(length).fill(Number.POSITIVE_INFINITY),
    maximum: new Float64Array(length).fill(Number.NEGATIVE_INFINITY),
  }
}

// Typed arrays are only read within their length here.
function at(figures: Float32Array | Float64Array, index: number): number {
  return figures[index] ?? Number.NaN
}

function add(buckets: Buckets, time: number, average: number, minimum: number, maximum: number): void {
  const index = Math.floor((time - buckets.start) / buckets.size)
  if (Number.isNaN(average) || index < 0 || index >= buckets.count.length) return
  buckets.count[index] = (buckets.count[index] ?? 0) + 1
  buckets.sum[index] = at(buckets.sum, index) + average
  buckets.minimum[index] = Math.min(at(buckets.minimum, index), minimum)
  buckets.maximum[index] = Math.max(at(buckets.maximum, index), maximum)
}

/** Adds the figures of one hour, which began at `begin` ms. */
export function addRaw(buckets: Buckets, begin: number, hour: Float32Array): void {
  const step = HOUR_MS / hour.length
  for (let index = 0; index < hour.length; index += 1) {
    const figure = at(hour, index)
    add(buckets, begin + index * step, figure, figure, figure)
  }
}

/** Adds one hour's roll-up, which began at `begin` ms. */
export function addRollUp(buckets: Buckets, begin: number, triples: Float32Array): void {
  const step = (HOUR_MS * 3) / triples.length
  for (let index = 0; index < triples.length; index += 3) {
    add(buckets, begin + (index / 3) * step, at(triples, index), at(triples, index + 1), at(triples, index + 2))
  }
}

/** Where the points of a chart lie: start of the first, and ms of each. */
export interface Grid {
  readonly start: number
  readonly size: number
}

/**
 * The finest grid of at most `points` points over [from, to), each a multiple of `step` ms. Points start at multiples
 * of their size, so that a chart that moves on keeps its points instead of mixing them anew; the first one starts
 * before `from`, or after it where that would be one too many.
 */
export function fitGrid(from: number, to: number, points: number, step: number): Grid {
  if (points <= 1) {
    const start = Math.floor(from / step) * step
    return { start, size: step * Math.ceil((to - start) / step) }
  }
  const size = step * Math.ceil((to - from) / (step * points))
  const start = Math.floor(from / size) * size
  return { start: Math.ceil((to - start) / size) > points ? start + size : start, size }
}
