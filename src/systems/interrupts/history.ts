/** The last figures of every line, kept in place. Pure. */
import type { Line } from './parse.ts'

/** Keeps the newest `length` values of each line; lines that go are forgotten. */
export interface History {
  /** One value a line, NaN for unknown. */
  push(lines: readonly Line[], values: Float64Array): void
  /** Known values of a line, oldest first; empty when the line is not there. */
  of(line: Line): number[]
}

/** A history of `length` values. */
export function createHistory(length: number): History {
  let lines: readonly Line[] = []
  let rows = new Map<Line, number>()
  let ring = new Float32Array()
  let next = 0
  const adopt = (now: readonly Line[]): void => {
    const moved = new Float32Array(now.length * length).fill(NaN)
    now.forEach((line, row) => {
      const from = rows.get(line)
      if (from !== undefined) moved.set(ring.subarray(from * length, (from + 1) * length), row * length)
    })
    ring = moved
    lines = now
    rows = new Map(now.map((line, row) => [line, row]))
  }
  return {
    push(now, values) {
      if (now !== lines) adopt(now)
      for (let row = 0; row < now.length; row += 1) ring[row * length + next] = values[row] ?? NaN
      next = (next + 1) % length
    },
    of(line) {
      const row = rows.get(line)
      if (row === undefined) return []
      const values: number[] = []
      for (let i = 0; i < length; i += 1) {
        const value = ring[row * length + ((next + i) % length)] ?? NaN
        if (!Number.isNaN(value)) values.push(value)
      }
      return values
    },
  }
}

/** The value in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2
}
