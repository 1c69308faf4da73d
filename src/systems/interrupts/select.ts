/** The part of a sample that was asked for: some CPUs, some lines, in some order. Pure. */
import type { Measured } from './delta.ts'
import type { Line } from './parse.ts'
import type { Sample } from './sample.ts'

/** Orders of the list. */
export const SORTS = ['rate', 'total', 'name', 'number'] as const
export type Sort = (typeof SORTS)[number]

function onlyCpus(measured: Measured, places: readonly number[]): Measured {
  const { counts, rates, cpuRates } = measured
  const width = counts.cpus.length
  const rows = counts.lines.length
  const values = new Uint32Array(rows * places.length)
  const newRates = new Float32Array(rows * places.length)
  const lineRates = new Float64Array(rows)
  const lineTotals = new Float64Array(rows)
  counts.lines.forEach((line, row) => {
    // Figures of the whole machine belong to no CPU and stay as they are.
    const own = line.kind === 'cpus' ? places : places.map((_, i) => i)
    own.forEach((place, i) => {
      values[row * places.length + i] = counts.values[row * width + place] ?? 0
      newRates[row * places.length + i] = rates[row * width + place] ?? NaN
    })
    const sum = (from: Float32Array | Uint32Array): number =>
      own.reduce((total, place) => total + (from[row * width + place] ?? 0), 0)
    lineRates[row] = line.kind === 'cpus' ? sum(rates) : (measured.lineRates[row] ?? NaN)
    lineTotals[row] = line.kind === 'cpus' ? sum(counts.values) : (measured.lineTotals[row] ?? 0)
  })
  return {
    counts: { cpus: places.map((place) => counts.cpus[place] ?? 0), lines: counts.lines, values },
    rates: newRates,
    lineRates,
    lineTotals,
    cpuRates: Float64Array.from(places, (place) => cpuRates[place] ?? NaN),
  }
}

/** The sample with these CPUs only; those that aren't there are left out. Null keeps all. */
export function selectCpus(sample: Sample, wanted: ReadonlySet<number> | null): Sample {
  if (wanted === null) return sample
  const places = sample.interrupts.counts.cpus.flatMap((cpu, place) => (wanted.has(cpu) ? [place] : []))
  return {
    ...sample,
    interrupts: onlyCpus(sample.interrupts, places),
    softirqs: sample.softirqs && onlyCpus(sample.softirqs, places),
  }
}

/** Whether a line is asked for: by name, and the architecture's own lines by their short name too (LOC, IPI0). */
export function matches(line: Line, filter: RegExp | null): boolean {
  return filter === null || filter.test(line.name) || (!/^\d+$/.test(line.id) && filter.test(line.id))
}

/** Rows of the matching lines in order; lines that never happened only when a filter asks for them. */
export function selectRows(measured: Measured, filter: RegExp | null, sort: Sort): number[] {
  const { counts, lineRates, lineTotals } = measured
  const rows = counts.lines.flatMap((line, row) =>
    matches(line, filter) && (filter !== null || (lineTotals[row] ?? 0) > 0) ? [row] : [],
  )
  const lineOf = (row: number): Line => counts.lines[row] as Line
  const known = (rate: number | undefined): number => (rate === undefined || Number.isNaN(rate) ? -1 : rate)
  const byTotal = (a: number, b: number): number => (lineTotals[b] ?? 0) - (lineTotals[a] ?? 0)
  const orders: Readonly<Record<Sort, (a: number, b: number) => number>> = {
    rate: (a, b) => known(lineRates[b]) - known(lineRates[a]) || byTotal(a, b),
    total: byTotal,
    name: (a, b) => lineOf(a).name.localeCompare(lineOf(b).name, 'en', { numeric: true }),
    // The kernel lists numbers upwards, then its own lines.
    number: (a, b) => a - b,
  }
  return rows.toSorted((a, b) => orders[sort](a, b) || a - b)
}
