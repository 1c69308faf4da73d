import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { percent, rate, text } from '#core/units.ts'
import { visible } from '../format.ts'
import { labelEvery, stepsOf, STEPS } from './heat-scale.ts'
import { keepOrder } from './order.ts'
import { Name } from './name.tsx'

/** A column: one CPU, or several of one node folded together. */
export interface HeatColumn {
  readonly label: string
  readonly node: number
  readonly cpus: readonly number[]
}

/** A row: its figures in the order of the columns, per second. */
export interface HeatLine {
  readonly id: string
  readonly name: string
  readonly rate: number
  readonly cells: readonly number[]
  readonly affinity: string | null
}

interface Props {
  readonly label: string
  readonly columns: readonly HeatColumn[]
  readonly rows: readonly HeatLine[]
  /** The CPU that a finding is about; its hot cells take the colour of the finding. */
  readonly hotCpu: number | null
}

interface Spot {
  readonly row: number
  readonly column: number
}

const NARROWEST = 6
const WIDEST = 200
const GAP = 2
const NODE_GAP = 12
/** With many columns the nodes move together. */
const MANY_COLUMNS = 32
const NODE_GAP_MANY = 6
/** Width of label, rate and affinity at the sides, px; on a phone the rest is scrolled. */
const SIDES = 176 + 76 + 108
/** Average width of a digit in 11 px text, px. */
const DIGIT = 7
/** Rows change places at most this often, ms, and never while one is pointed at. */
const SETTLE = 5000
/** From this step on, a cell of the CPU in question takes the colour of the finding. */
const HOT_STEP = 5

function startsNode(columns: readonly HeatColumn[], index: number): boolean {
  return index > 0 && columns[index]?.node !== columns[index - 1]?.node
}

/** What a line is called: the device, else what the kernel calls the line. */
export function lineName(row: { readonly id: string; readonly name: string }): string {
  return row.name || row.id
}

function useOrder(rows: readonly HeatLine[], held: boolean): readonly HeatLine[] {
  const kept = useRef<{ at: number; ids: readonly string[] } | null>(null)
  const before = kept.current
  if (before && (held || performance.now() - before.at < SETTLE)) return keepOrder(rows, (row) => row.id, before.ids)
  kept.current = { at: performance.now(), ids: rows.map((row) => row.id) }
  return rows
}

function Head({ columns, cell, hot }: { columns: readonly HeatColumn[]; cell: number; hot: number }): JSX.Element {
  const every = labelEvery(
    columns.map((column) => column.label),
    cell + GAP,
    DIGIT,
  )
  const nodes = new Set(columns.map((column) => column.node)).size > 1
  return (
    <div class={nodes ? 'heat-row heat-head heat-nodes' : 'heat-row heat-head'} aria-hidden="true">
      <span class="heat-name">CPU</span>
      {columns.flatMap((column, index) => [
        ...(startsNode(columns, index) ? [<s key={`n${column.label}`} />] : []),
        <span key={column.label} class={index === hot ? 'hot' : ''}>
          {nodes && (index === 0 || startsNode(columns, index)) && <b>node {column.node}</b>}
          {index === hot || (index % every === 0 && (hot < 0 || Math.abs(index - hot) >= every)) ? column.label : ''}
        </span>,
      ])}
      <span class="num">rate</span>
      <span class="affinity">allowed CPUs</span>
    </div>
  )
}

interface RowProps {
  readonly row: HeatLine
  readonly index: number
  readonly columns: readonly HeatColumn[]
  readonly shape: string
  readonly hot: number
}

/** Drawn anew only when something that can be seen has changed. */
function Row({ row, index, columns, shape, hot }: RowProps): JSX.Element {
  const steps = stepsOf(row.cells)
  const figure = rate(row.rate)
  return useMemo(
    () => (
      <div class="heat-row" data-row={index}>
        <span class="heat-name">
          <Name text={lineName(row)} width={24} narrow={17} mono />
        </span>
        {columns.flatMap((column, place) => {
          const step = Number(steps[place] ?? 0)
          return [
            ...(startsNode(columns, place) ? [<s key={`n${column.label}`} />] : []),
            <i key={column.label} class={place === hot && step >= HOT_STEP ? `h${step} hot` : `h${step}`} />,
          ]
        })}
        <span class="num">
          {figure.value}
          <span class="unit">{figure.unit}</span>
        </span>
        <span class="affinity mono" title={row.affinity ?? ''}>
          {row.affinity ?? ''}
        </span>
      </div>
    ),
    [row.id, row.name, row.affinity, index, shape, hot, steps, figure.value, figure.unit],
  )
}

function Legend({ hot }: { readonly hot: string | null }): JSX.Element {
  const labels = ['0', ...STEPS.map((step) => (step >= 1000 ? `${step / 1000} k` : String(step)))]
  return (
    <div class="heat-legend">
      <span>per second, at least</span>
      <ol>
        {labels.map((label, step) => (
          <li key={label}>
            <i class={`h${step}`} />
            {label}
          </li>
        ))}
      </ol>
      {hot !== null && (
        <span class="heat-hot">
          <i class="h5 hot" />
          <i class="h8 hot" />
          CPU {hot}, in the finding
        </span>
      )}
    </div>
  )
}

/** The figure of one cell, in words. */
function words(row: HeatLine, value: number): string {
  const share = row.rate > 0 ? `, ${percent(value / row.rate)} of this line` : ''
  return `${text(rate(value))}${share}`
}

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-10, 0],
  PageDown: [10, 0],
}

function useMove(spot: Signal<Spot | null>, rows: number, columns: number): (event: KeyboardEvent) => void {
  const clamp = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value))
  return (event) => {
    if (event.key === 'Escape') spot.value = null
    const move = MOVES[event.key]
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    const from = spot.value ?? { row: 0, column: 0 }
    spot.value = { row: clamp(from.row + move[0], rows), column: clamp(from.column + move[1], columns) }
  }
}

function spotOf(target: EventTarget | null): Spot | null {
  if (!(target instanceof HTMLElement) || target.tagName !== 'I') return null
  const row = target.closest<HTMLElement>('[data-row]')
  if (!row) return null
  return { row: Number(row.dataset['row']), column: [...row.querySelectorAll('i')].indexOf(target) }
}

/** Puts cursor and tip on a cell, without touching the cells. */
function usePlace(grid: { readonly current: HTMLDivElement | null }, spot: Spot | null, live: unknown): void {
  useLayoutEffect(() => {
    const root = grid.current
    const cell = spot ? root?.querySelector(`[data-row="${spot.row}"]`)?.querySelectorAll('i')[spot.column] : undefined
    const cursor = root?.querySelector<HTMLElement>('.heat-cursor')
    const tip = root?.querySelector<HTMLElement>('.heat-tip')
    if (!root || !cursor || !tip || !cell) return
    const from = root.getBoundingClientRect()
    const at = cell.getBoundingClientRect()
    const x = at.left - from.left
    const y = at.top - from.top
    cursor.style.translate = `${x}px ${y}px`
    cursor.style.width = `${at.width}px`
    cursor.style.height = `${at.height}px`
    const edge = (root.parentElement?.getBoundingClientRect().right ?? from.right) - from.left
    const left = Math.min(x + at.width + 8, edge - tip.offsetWidth - 8)
    const above = y - tip.offsetHeight - 6
    tip.style.translate = `${Math.max(0, left)}px ${above < 0 ? y + at.height + 6 : above}px`
    cell.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [spot, live])
}

/** Rows by CPUs: brightness is the rate. Pointer or arrow keys read exact figures. */
export function HeatMap({ label, columns, rows, hotCpu }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const width = useSignal(0)
  const spot = useSignal<Spot | null>(null)
  const ordered = useOrder(rows, spot.value !== null)
  const move = useMove(spot, ordered.length, columns.length)
  useLayoutEffect(() => void (width.value = box.current?.clientWidth ?? 0), [])
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = Math.floor(entry?.contentRect.width ?? 0)))
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])

  const hot = hotCpu === null ? -1 : columns.findIndex((column) => column.cpus.includes(hotCpu))
  const gaps = columns.filter((_, index) => startsNode(columns, index)).length
  const gap = columns.length > MANY_COLUMNS ? NODE_GAP_MANY : NODE_GAP
  const room = (width.value - SIDES - gaps * (gap + GAP)) / columns.length - GAP
  const cell = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(room)))
  const tracks = columns.map((_, index) => `${startsNode(columns, index) ? `${gap}px ` : ''}${cell}px`).join(' ')
  const shape = `${tracks} ${columns.map((column) => column.label).join()}`
  const here = spot.value
  const row = here ? ordered[here.row] : undefined
  const column = here ? columns[here.column] : undefined
  const value = (here && row?.cells[here.column]) ?? 0
  usePlace(grid, row && column ? here : null, value)

  return (
    <>
      <div class="heat" ref={box}>
        <div
          ref={grid}
          class="heat-grid"
          role="group"
          tabIndex={0}
          aria-label={`${label}. Arrow keys read the cells.`}
          style={{ '--tracks': tracks } as JSX.CSSProperties}
          onKeyDown={move}
          onFocus={(event) => {
            if (event.currentTarget.matches(':focus-visible')) spot.value ??= { row: 0, column: Math.max(0, hot) }
          }}
          onBlur={() => (spot.value = null)}
          onPointerOver={(event) => event.pointerType !== 'touch' && (spot.value = spotOf(event.target))}
          onPointerLeave={() => (spot.value = null)}
          onClick={(event) => (spot.value = spotOf(event.target))}
        >
          <Head columns={columns} cell={cell} hot={hot} />
          {ordered.map((line, index) => (
            <Row key={line.id} row={line} index={index} columns={columns} shape={shape} hot={hot} />
          ))}
          <div class="heat-cursor" hidden={!row || !column} />
          <div class="heat-tip" role="status" hidden={!row || !column}>
            {row && column && (
              <>
                <span>
                  {visible(lineName(row))} on CPU {column.label}
                </span>
                <b>{words(row, value)}</b>
              </>
            )}
          </div>
        </div>
      </div>
      <Legend hot={hot < 0 ? null : (columns[hot]?.label ?? null)} />
    </>
  )
}
