import { useSignal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { now } from '../state/clock.ts'
import { search, setQuery } from '../state/router.ts'
import { useSeries } from '../state/series.ts'
import type { ChartProps } from './chart.tsx'
import { CODE_GONE, Empty, Panel, Problem } from './page-parts.tsx'
import { RANGES, rangeOf, type Range } from './range.ts'

/** One line of a chart. */
export interface ChartLine {
  readonly name: string
  readonly label: string
  /** A colour token. */
  readonly ink: string
  readonly dashed?: boolean
}

interface Props {
  readonly title: string
  readonly lines: readonly ChartLine[]
  format(value: number): string
  readonly binary?: boolean
}

/** Points asked for: about one in two pixels. */
const POINTS = 480
/** Live charts are read anew at most this often, and at least this often, ms. */
const SOONEST = 5000
const LATEST = 60_000

function backToNow(): void {
  setQuery({ from: null, to: null, at: null }, true)
}

function show(range: Range): void {
  setQuery({ range: null, at: null, from: String(Math.round(range.from)), to: String(Math.round(range.to)) }, true)
}

function RangeButtons({ chosen }: { readonly chosen: string | null }): JSX.Element {
  return (
    <>
      {chosen === null && (
        <button type="button" class="button small" onClick={backToNow}>
          Back to now
        </button>
      )}
      <div class="segments" role="group" aria-label="Range">
        {RANGES.map(({ id, label }) => (
          <button
            key={id}
            type="button"
            aria-pressed={chosen === id}
            onClick={() => setQuery({ range: id, from: null, to: null, at: null }, true)}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  )
}

/** Lines over time, with the range in the address. The drawing code comes only when it is needed. */
export function History({ title, lines, format, binary = false }: Props): JSX.Element {
  const Chart = useSignal<FunctionComponent<ChartProps> | null>(null)
  const gone = useSignal(false)
  useEffect(() => {
    import('./chart.tsx').then(
      (module) => (Chart.value = module.Chart),
      () => (gone.value = true),
    )
  }, [])
  const query = search.value
  const range = rangeOf(query, now.peek())
  const length = range.to - range.from
  const { series, problem } = useSeries({
    names: lines.map((line) => line.name),
    points: POINTS,
    every: range.id === null ? 0 : Math.min(LATEST, Math.max(SOONEST, length / POINTS)),
    key: range.id ?? `${range.from} ${range.to}`,
    span: () => rangeOf(query, now.peek()),
  })
  const nothing = series?.every((one) => one.average.every((value) => value === null)) ?? false
  return (
    <Panel title={title} class="history" end={<RangeButtons chosen={range.id} />}>
      <div class="chart-place">
        {series && Chart.value && !nothing && (
          <Chart.value
            title={title}
            lines={lines}
            series={series}
            range={range}
            at={Number(query.get('at')) || null}
            format={format}
            binary={binary}
            onZoom={show}
            onNow={backToNow}
          />
        )}
        {nothing && <Empty>Nothing was measured in this time.</Empty>}
        {!series && problem && <Problem error={problem} />}
        {gone.value && <Problem error={CODE_GONE} retry={() => location.reload()} />}
      </div>
    </Panel>
  )
}
