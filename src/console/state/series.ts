import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { SeriesPoints } from '#core/series/types.ts'
import { asApiError, read, type ApiError } from './api.ts'
import { now, paused } from './clock.ts'

/** Points asked for a sparkline. */
const SPARK_POINTS = 60
/** Sparklines show this much, ms, and are read anew this often. */
const SPARK_SPAN = 3_600_000
const SPARK_EVERY = 30_000

/** Reads several series between two times. */
export async function readSeries(
  names: readonly string[],
  from: number,
  to: number,
  points: number,
  signal?: AbortSignal,
): Promise<readonly SeriesPoints[]> {
  const query = new URLSearchParams({
    names: names.join(','),
    from: String(Math.round(from)),
    to: String(Math.round(to)),
    points: String(points),
  })
  return (await read<{ series: readonly SeriesPoints[] }>(`/api/series?${query}`, signal)).series
}

/** What `useSeries` knows. */
export interface SeriesState {
  readonly series: readonly SeriesPoints[] | null
  readonly problem: ApiError | null
}

/** What is read: `span` gives the range at the moment of reading. */
interface Wanted {
  readonly names: readonly string[]
  readonly points: number
  /** How often to read anew, ms; 0: once. */
  readonly every: number
  /** Changes whenever `span` means another range. */
  readonly key: string
  span(): { readonly from: number; readonly to: number }
}

/** Reads series now and then again; not while the tab is hidden. The former points stay until new ones come. */
export function useSeries(wanted: Wanted): SeriesState {
  const state = useSignal<SeriesState>({ series: null, problem: null })
  const { names, points, every, key, span } = wanted
  const hidden = paused.value
  useEffect(() => {
    if (hidden || names.length === 0) return undefined
    const stop = new AbortController()
    const load = async (): Promise<void> => {
      const { from, to } = span()
      try {
        state.value = { series: await readSeries(names, from, to, points, stop.signal), problem: null }
      } catch (error) {
        if (!stop.signal.aborted) state.value = { series: state.value.series, problem: asApiError(error) }
      }
    }
    void load()
    const timer = every > 0 ? setInterval(() => void load(), every) : undefined
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [names.join(','), key, points, every, hidden])
  return state.value
}

/** The last hour of some series for sparklines, by name. */
export function useSparks(names: readonly string[]): (name: string | undefined) => readonly (number | null)[] {
  const { series } = useSeries({
    names,
    points: SPARK_POINTS,
    every: SPARK_EVERY,
    key: 'spark',
    span: () => ({ from: now.peek() - SPARK_SPAN, to: now.peek() }),
  })
  return (name) => series?.find((one) => one.name === name)?.average ?? []
}
