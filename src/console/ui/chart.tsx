import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import type { SeriesPoints } from '#core/series/types.ts'
import { clock, hostDate } from '../host-time.ts'
import { seconds } from '../format.ts'
import { now } from '../state/clock.ts'
import { colour, paint } from '../state/theme.ts'
import type { ChartLine } from './history.tsx'
import { useWidth } from './width.ts'
import { align, zoom, type ChartData, type Range } from './range.ts'

/** What a chart is given; times in ms. */
export interface ChartProps {
  readonly title: string
  readonly lines: readonly ChartLine[]
  readonly series: readonly SeriesPoints[]
  readonly range: Range
  /** A moment to mark. */
  readonly at: number | null
  format(value: number): string
  /** What is drawn are bytes: lines at powers of two, which read as round numbers of MiB. */
  readonly binary?: boolean
  onZoom(range: Range): void
  /** Back to the chosen span that ends now. */
  onNow(): void
}

const HEIGHT = 220
const DAY = 86_400_000
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

function timeLabel(at: number, length: number): string {
  const time = clock(at)
  if (length <= 10 * 60_000) return seconds(at)
  if (time !== '00:00' && length <= 2 * DAY) return time
  const date = hostDate(at)
  return time === '00:00' ? `${WEEKDAYS[date.getDay()]} ${date.getDate()}` : time
}

/** Columns: times, one average a line, then the extremes of the first line for its band. */
function columns({ lines, series }: ChartProps): ChartData {
  const points = lines.map((line) => series.find((one) => one.name === line.name))
  return align([...points.map((one) => [one, 'average'] as const), [points[0], 'maximum'], [points[0], 'minimum']])
}

function markAt(marked: () => number | null, ink: string): (chart: UPlot) => void {
  return (chart) => {
    const at = marked()
    const { min, max } = chart.scales['x'] ?? {}
    if (at === null || min === undefined || max === undefined || at < min || at > max) return
    const x = Math.round(chart.valToPos(at, 'x', true))
    chart.ctx.save()
    chart.ctx.fillStyle = ink
    chart.ctx.fillRect(x, chart.bbox.top, devicePixelRatio, chart.bbox.height)
    chart.ctx.restore()
  }
}

const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power)

function axes(length: () => number, { format, binary }: ChartProps): UPlot.Axis[] {
  const ink = colour('ink-3')
  const line = colour('line')
  const font = `11px ${getComputedStyle(document.body).fontFamily}`
  const shared = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } }
  return [
    {
      ...shared,
      size: 28,
      space: 72,
      grid: { show: false },
      values: (_, at) => at.map((one) => timeLabel(one, length())),
    },
    {
      ...shared,
      size: 62,
      space: 40,
      values: (_, values) => values.map((one) => (one === 0 ? '0' : format(one))),
      ...(binary ? { incrs: POWERS_OF_TWO } : {}),
    },
  ]
}

interface Wiring {
  readonly width: number
  current(): ChartProps
  onCursor(index: number | null): void
}

function options(props: ChartProps, wiring: Wiring): UPlot.Options {
  const range = (): Range => wiring.current().range
  const lines = props.lines.map((line) => ({
    label: line.label,
    stroke: colour(line.ink),
    width: 1.5,
    points: { show: false },
    ...(line.dashed ? { dash: [4, 3] } : {}),
  }))
  const hidden = { stroke: 'transparent', width: 0, points: { show: false } }
  const first = props.lines.length + 1
  return {
    width: wiring.width,
    height: HEIGHT,
    ms: 1,
    // Ticks stand at the host's full hours.
    tzDate: hostDate,
    legend: { show: false },
    padding: [12, 14, 0, 0],
    cursor: {
      sync: { key: 'noc', setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      y: false,
    },
    scales: {
      x: { time: true, range: () => [range().from, range().to] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] },
    },
    series: [{}, ...lines, hidden, hidden],
    bands: [{ series: [first, first + 1], fill: colour('moon-haze') }],
    axes: axes(() => range().to - range().from, props),
    hooks: {
      draw: [markAt(() => wiring.current().at, colour('moon'))],
      setCursor: [(chart) => wiring.onCursor(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          if (chart.select.width < 4) return
          const from = chart.posToVal(chart.select.left, 'x')
          const to = chart.posToVal(chart.select.left + chart.select.width, 'x')
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          wiring.current().onZoom({ id: null, from, to: Math.max(to, from + 60_000) })
        },
      ],
    },
  }
}

function lastKnown(column: readonly (number | null | undefined)[] | undefined): number | null {
  return column?.findLast((value) => typeof value === 'number') ?? null
}

interface LegendProps {
  readonly props: ChartProps
  readonly data: ChartData
  readonly cursor: Signal<number | null>
}

/** Values at the cursor, or the last ones; always the same width. */
function Legend({ props, data, cursor }: LegendProps): JSX.Element {
  const index = cursor.value
  const at = index === null ? null : data[0][index]
  return (
    <div class="legend">
      {props.lines.map((line, place) => {
        const column = data[place + 1]
        const value = index === null ? lastKnown(column) : column?.[index]
        return (
          <span key={line.name}>
            <svg style={{ stroke: `var(--${line.ink})` }} viewBox="0 0 16 4" aria-hidden="true">
              <line x1="0" y1="2" x2="16" y2="2" {...(line.dashed ? { 'stroke-dasharray': '4 3' } : {})} />
            </svg>
            {line.label}
            <b>{typeof value === 'number' ? props.format(value) : 'not measured'}</b>
          </span>
        )
      })}
      <span class="at">{typeof at === 'number' ? clockOf(at) : 'last'}</span>
    </div>
  )
}

function clockOf(at: number): string {
  const time = clock(at, now.peek())
  return time.length > 5 ? time : seconds(at)
}

function describe(props: ChartProps, data: ChartData): string {
  const lines = props.lines.map((line, place) => {
    const value = lastKnown(data[place + 1])
    return `${line.label}: ${value === null ? 'not measured' : `${props.format(value)} at the end`}`
  })
  const span = `${clock(props.range.from, now.peek())} to ${clock(props.range.to, now.peek())}`
  return `${props.title}, ${span}. ${lines.join('. ')}. Arrow keys read values, plus and minus zoom, 0 goes back to now.`
}

/** Keys on a chart: arrows move the cursor, plus and minus zoom. */
function onKey(event: KeyboardEvent, chart: UPlot | null, props: ChartProps): void {
  if (!chart || event.ctrlKey || event.metaKey || event.altKey) return
  const last = chart.data[0].length - 1
  const index = chart.cursor.idx ?? last
  const centre = chart.data[0][index] ?? props.range.to
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -last, End: last }[event.key]
  if (step !== undefined) {
    const at = chart.data[0][Math.max(0, Math.min(last, index + step))] ?? centre
    chart.setCursor({ left: chart.valToPos(at, 'x'), top: 0 })
  } else if (event.key === '+' || event.key === '=') props.onZoom(zoom(props.range, 0.5, centre, now.peek()))
  else if (event.key === '-') props.onZoom(zoom(props.range, 2, centre, now.peek()))
  else if (event.key === '0') props.onNow()
  else return
  event.preventDefault()
}

/** Lines over time: drag to zoom, one cursor for all charts of the page, gaps stay gaps. */
export function Chart(props: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<UPlot | null>(null)
  const current = useRef(props)
  const width = useWidth(place)
  const cursor = useSignal<number | null>(null)
  current.current = props
  const data = columns(props)
  const shape = [paint.value, width, ...props.lines.map((line) => `${line.name} ${line.ink}`)].join()

  useEffect(() => {
    if (!place.current || width === 0) return undefined
    const wiring = {
      width,
      current: () => current.current,
      onCursor: (index: number | null) => (cursor.value = index),
    }
    const made = new UPlot(options(props, wiring), data, place.current)
    chart.current = made
    return () => made.destroy()
  }, [shape])
  useEffect(() => chart.current?.setData(data), [props.series, props.range.from, props.range.to])
  useEffect(() => chart.current?.redraw(false), [props.at])

  return (
    <div class="chart">
      <Legend props={props} data={data} cursor={cursor} />
      <div
        ref={place}
        class="chart-canvas"
        role="img"
        tabIndex={0}
        aria-label={describe(props, data)}
        onKeyDown={(event) => onKey(event, chart.current, props)}
        onBlur={() => chart.current?.setCursor({ left: -10, top: -10 })}
      />
    </div>
  )
}
