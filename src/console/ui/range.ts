/** Which time a chart shows; it stands in the address so that it can be shared. Pure. */
import type { SeriesPoints } from '#core/series/types.ts'

const MINUTE = 60_000

/** The spans that can be chosen, ms. */
export const RANGES: readonly { readonly id: string; readonly label: string; readonly ms: number }[] = [
  { id: '15m', label: '15 min', ms: 15 * MINUTE },
  { id: '1h', label: '1 h', ms: 60 * MINUTE },
  { id: '24h', label: '24 h', ms: 24 * 60 * MINUTE },
  { id: '7d', label: '7 d', ms: 7 * 24 * 60 * MINUTE },
]
const DEFAULT = '1h'
/** The closest zoom, ms. */
const CLOSEST = MINUTE

/** A stretch of time on a chart. */
export interface Range {
  /** Id of the chosen span; null when zoomed. */
  readonly id: string | null
  readonly from: number
  readonly to: number
}

/** Reads `?range=`, `?from=&to=` or `?at=` (a moment to look at, in the middle of its span). */
export function rangeOf(query: URLSearchParams, now: number): Range {
  const from = Number(query.get('from'))
  const to = Number(query.get('to'))
  if (from > 0 && to - from >= CLOSEST && to - from <= 400 * 24 * 60 * MINUTE) return { id: null, from, to }
  const chosen = RANGES.find((one) => one.id === (query.get('range') ?? DEFAULT)) ?? RANGES[1]
  const ms = chosen?.ms ?? 60 * MINUTE
  const at = Number(query.get('at'))
  if (at > 0 && !query.has('range'))
    return { id: null, from: at - ms / 2, to: Math.min(at + ms / 2, Math.max(now, at)) }
  return { id: chosen?.id ?? DEFAULT, from: now - ms, to: now }
}

/** The same range, `factor` times as long around `centre` (ms), never closer than a minute and never in the future. */
export function zoom(range: Range, factor: number, centre: number, now: number): Range {
  const length = Math.max(CLOSEST, (range.to - range.from) * factor)
  const share = (centre - range.from) / (range.to - range.from)
  const to = Math.min(now, centre + length * (1 - share))
  return { id: null, from: to - length, to }
}

/** Columns for a chart: times, then for each series its values. Undefined: not measured at this time; null: a gap. */
export type ChartData = [number[], ...(number | null | undefined)[][]]

/** Puts series of different steps on one time axis. `pick` says which figure of each. */
export function align(
  series: readonly (readonly [points: SeriesPoints | undefined, pick: 'average' | 'minimum' | 'maximum'])[],
): ChartData {
  const times = new Set<number>()
  for (const [points] of series) for (const at of points?.at ?? []) times.add(at)
  const xs = [...times].toSorted((a, b) => a - b)
  const place = new Map(xs.map((at, index) => [at, index]))
  const columns = series.map(([points, pick]) => {
    const column = Array.from<number | null | undefined>({ length: xs.length })
    points?.at.forEach((at, index) => {
      column[place.get(at) ?? 0] = points[pick][index] ?? null
    })
    return column
  })
  return [xs, ...columns]
}
