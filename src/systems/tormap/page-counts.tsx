import { useSignal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { SeriesPoints } from '#core/series/types.ts'
import { bytes, count, text } from '#core/units.ts'
import { asApiError, type ApiError } from '../../console/state/api.ts'
import { search, setQuery } from '../../console/state/router.ts'
import type { ChartProps } from '../../console/ui/chart.tsx'
import { Empty, Panel, Problem } from '../../console/ui/page-parts.tsx'
import type { Range } from '../../console/ui/range.ts'
import { classTitle } from './page-words.ts'
import type { Atlas } from './page-state.tsx'
import { MARKS } from './map/marks.ts'
import { ORIGINAL_CLASSES, type OriginalClass } from './types.ts'
import type { CountsWire } from './wire.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const SPANS = [
  ['24h', '24 h', DAY],
  ['7d', '7 d', 7 * DAY],
  ['30d', '30 d', 30 * DAY],
  ['all', 'All', Infinity],
] as const

const BANDWIDTH = 'Bandwidth by class'

/** Which time the charts show: `?span=7d`, or `?from=&to=` after zooming. */
function rangeOf(query: URLSearchParams, list: readonly number[]): Range {
  const from = Number(query.get('from'))
  const to = Number(query.get('to'))
  if (from > 0 && to > from) return { id: null, from, to }
  const last = list.at(-1) ?? 0
  const first = list[0] ?? 0
  const [id, , ms] = SPANS.find(([one]) => one === query.get('span')) ?? SPANS[1]
  // Never wider than what there is, and never so narrow that nothing can be seen.
  const start = Math.min(Math.max(first, last - ms), last - HOUR)
  // The last label and the mark of the newest hour need a little room.
  return { id, from: start, to: last + (last - start) / 50 }
}

function pointsOf(name: OriginalClass, counts: CountsWire, values: CountsWire['relays']): SeriesPoints {
  const column = values[name]
  return { name, unit: '', step: HOUR / 1000, at: counts.at, average: column, minimum: [], maximum: [] }
}

function useCounts(atlas: Atlas): { readonly counts: CountsWire | null; readonly problem: ApiError | null } {
  const state = useSignal<{ counts: CountsWire | null; problem: ApiError | null }>({ counts: null, problem: null })
  const list = atlas.list.value
  useEffect(() => {
    const [first, last] = [list[0], list.at(-1)]
    if (first === undefined || last === undefined) return undefined
    let over = false
    atlas.source.counts(first, last).then(
      (counts) => over || (state.value = { counts, problem: null }),
      (error: unknown) => over || (state.value = { counts: state.value.counts, problem: asApiError(error) }),
    )
    return () => void (over = true)
  }, [list])
  return state.value
}

function Spans({ chosen }: { readonly chosen: string | null }): JSX.Element {
  const choose = (id: string): void => setQuery({ span: id, from: null, to: null }, true)
  return (
    <div class="segments" role="group" aria-label="Range">
      {SPANS.map(([id, label]) => (
        <button key={id} type="button" aria-pressed={chosen === id} onClick={() => choose(id)}>
          {label}
        </button>
      ))}
    </div>
  )
}

interface OneProps {
  readonly atlas: Atlas
  readonly title: string
  readonly counts: CountsWire
  readonly values: CountsWire['relays']
  readonly range: Range
  readonly Chart: FunctionComponent<ChartProps>
  format(value: number): string
}

function One({ atlas, title, counts, values, range, Chart, format }: OneProps): JSX.Element {
  const on = atlas.layers.value.on
  const series = useMemo(() => ORIGINAL_CLASSES.map((name) => pointsOf(name, counts, values)), [counts, values])
  const lines = ORIGINAL_CLASSES.filter((name) => on.has(name) && values[name].some((value) => value)).map((name) => ({
    name,
    label: classTitle(name),
    ink: MARKS.find((mark) => mark.name === name)?.token ?? 'moon',
  }))
  if (lines.length === 0) return <Empty>No class is on that was counted in this time.</Empty>
  return (
    <Chart
      title={title}
      lines={lines}
      series={series}
      range={range}
      at={atlas.shown.value?.map.hour.validAfter ?? null}
      format={format}
      binary={values === counts.bandwidth}
      onZoom={({ from, to }) => setQuery({ from: String(Math.round(from)), to: String(Math.round(to)) }, true)}
      onNow={() => setQuery({ from: null, to: null }, true)}
    />
  )
}

interface Props {
  readonly atlas: Atlas
  /** null: its code is on its way. */
  readonly Chart: FunctionComponent<ChartProps> | null
}

/** How many relays there were of each class that is on, and how much they carried. */
export function Counts({ atlas, Chart }: Props): JSX.Element {
  const { counts, problem } = useCounts(atlas)
  const list = atlas.list.value
  const range = rangeOf(search.value, list)
  const shared = counts && Chart && { atlas, counts, range, Chart }
  if (list.length === 1) {
    return (
      <Panel title="Relays and bandwidth over time">
        <Empty>There is only one hour yet; a line needs two.</Empty>
      </Panel>
    )
  }
  const place = (title: string, values: 'relays' | 'bandwidth', format: (value: number) => string): JSX.Element => (
    <Panel title={title} class="history" end={<Spans chosen={range.id} />}>
      <div class="chart-place">
        {shared && <One title={title} values={shared.counts[values]} format={format} {...shared} />}
        {!counts && problem && <Problem error={problem} />}
      </div>
    </Panel>
  )
  return (
    <>
      {place('Relays by class', 'relays', count)}
      {counts && !ORIGINAL_CLASSES.some((name) => counts.bandwidth[name].some((value) => value !== null)) ? (
        <Panel title={BANDWIDTH}>
          <Empty>No bandwidth is known: that takes server descriptors.</Empty>
        </Panel>
      ) : (
        place(BANDWIDTH, 'bandwidth', (value) => `${text(bytes(value))}/s`)
      )}
    </>
  )
}
