/** The part of a sample that was asked for: some CPUs, some lines, in some order. Pure. */
import { sumOf, type Measured } from './delta.ts'
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
  const ownRates = Float64Array.from(places, (place) => cpuRates[place] ?? NaN)
  return {
    counts: { cpus: places.map((place) => counts.cpus[place] ?? 0), lines: counts.lines, values },
    rates: newRates,
    lineRates,
    lineTotals,
    cpuRates: ownRates,
    rate: sumOf(ownRates),
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

/** Rows by falling value, equal ones as they stand; what is unknown comes last. */
export function fallingRows(rows: readonly number[], values: Float64Array): number[] {
  // Whole numbers as results: differences would be boxed, some thousand times a second.
  return rows.toSorted((a, b) => {
    const x = values[a] as number
    const y = values[b] as number
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return 0
    return x > y || Number.isNaN(y) ? -1 : 1
  })
}

/** Rows of the matching lines in order; lines that never happened only when a filter asks for them. */
export function selectRows(measured: Measured, filter: RegExp | null, sort: Sort): number[] {
  const { counts, lineRates, lineTotals } = measured
  const rows: number[] = []
  counts.lines.forEach((line, row) => {
    if (filter === null ? (lineTotals[row] ?? 0) > 0 : matches(line, filter)) rows.push(row)
  })
  const nameOf = (row: number): string => counts.lines[row]?.name ?? ''
  switch (sort) {
    case 'rate':
      return fallingRows(fallingRows(rows, lineTotals), lineRates)
    case 'total':
      return fallingRows(rows, lineTotals)
    case 'name':
      return rows.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }) || a - b)
    // The kernel lists numbers upwards, then its own lines.
    case 'number':
      return rows
  }
}
