import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useMemo, useRef, type MutableRef } from 'preact/hooks'
import { percent, text } from '#core/units.ts'
import { steadyRate, visible } from '../format.ts'
import { HeatHead, HeatLegend, HeatRow, lineName, type HeatLine } from './heat-row.tsx'
import { heatLayout, type HeatColumn } from './heat-scale.ts'
import { keepOrder } from './order.ts'
import { useWidth } from './width.ts'

interface Props {
  readonly label: string
  readonly columns: readonly HeatColumn[]
  readonly rows: readonly HeatLine[]
  /** The CPU that a finding is about; its hot cells take the colour of the finding. */
  readonly hotCpu: number | null
}

/** The cell that is read. */
interface Spot {
  readonly row: number
  readonly column: number
  readonly byKey: boolean
}

/** Rows change places at most this often, ms, and never while one is pointed at. */
const SETTLE = 5000

function useOrder(rows: readonly HeatLine[], held: boolean): readonly HeatLine[] {
  const kept = useRef<{ readonly at: number; readonly ids: readonly string[] } | null>(null)
  const before = kept.current
  if (before && (held || performance.now() - before.at < SETTLE)) return keepOrder(rows, (row) => row.id, before.ids)
  kept.current = { at: performance.now(), ids: rows.map((row) => row.id) }
  return rows
}

const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-10, 0],
  PageDown: [10, 0],
}

/** Arrow keys move the spot; Escape lets go of it. */
function onKey(event: KeyboardEvent, spot: Signal<Spot | null>, rows: number, columns: number): void {
  const clamp = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value))
  if (event.key === 'Escape') spot.value = null
  const move = MOVES[event.key]
  if (!move || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  const from = spot.value ?? { row: 0, column: 0 }
  spot.value = { row: clamp(from.row + move[0], rows), column: clamp(from.column + move[1], columns), byKey: true }
}

function spotOf(target: EventTarget | null): Spot | null {
  const row = target instanceof HTMLElement && target.tagName === 'I' ? target.closest<HTMLElement>('[data-row]') : null
  if (!row) return null
  const column = [...row.querySelectorAll('i')].findIndex((cell) => cell === target)
  return { row: Number(row.dataset['row']), column, byKey: false }
}

/** Puts cursor and tip on the cell, without touching the cells. */
function usePlace(grid: MutableRef<HTMLDivElement | null>, spot: Spot | null, shown: string): void {
  useLayoutEffect(() => {
    const root = grid.current
    const cell = spot ? root?.querySelector(`[data-row="${spot.row}"]`)?.querySelectorAll('i')[spot.column] : undefined
    const [cursor, tip] = root?.querySelectorAll<HTMLElement>('.heat-cursor, .heat-tip') ?? []
    if (!root || !cursor || !tip || !cell) return
    if (spot?.byKey) cell.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    const from = root.getBoundingClientRect()
    const at = cell.getBoundingClientRect()
    const [x, y] = [at.left - from.left, at.top - from.top]
    cursor.style.translate = `${x}px ${y}px`
    cursor.style.width = `${at.width}px`
    cursor.style.height = `${at.height}px`
    const edge = (root.parentElement?.getBoundingClientRect().right ?? from.right) - from.left
    const left = Math.max(0, Math.min(x + at.width + 8, edge - tip.offsetWidth - 8))
    const above = y - tip.offsetHeight - 6
    tip.style.translate = `${left}px ${above < 0 ? y + at.height + 6 : above}px`
  }, [spot, shown])
}

/** Rows by CPUs: brightness is the rate. Pointer or arrow keys read exact figures. */
export function HeatMap({ label, columns, rows, hotCpu }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const spot = useSignal<Spot | null>(null)
  const ordered = useOrder(rows, spot.value !== null)
  const { tracks, every } = heatLayout(columns, useWidth(box))
  const shape = `${tracks} ${columns.map((column) => column.label).join()}`
  const hot = hotCpu === null ? -1 : columns.findIndex((column) => column.cpus.includes(hotCpu))

  const here = spot.value
  const row = here ? ordered[here.row] : undefined
  const column = here ? columns[here.column] : undefined
  const rate = (here && row?.cells[here.column]) ?? 0
  const title = row && column ? `${visible(lineName(row))} on CPU ${column.label}` : ''
  const share = row && row.rate > 0 ? `, ${percent(rate / row.rate)} of this line` : ''
  const figure = `${text(steadyRate(rate))}${share}`
  usePlace(grid, title ? here : null, figure)
  // Read out when the cell changes, not every second.
  const said = useMemo(() => (title ? `${title}: ${figure}` : ''), [title])

  return (
    <>
      <div class="heat" ref={box}>
        <div
          ref={grid}
          class="heat-grid"
          role="group"
          tabIndex={0}
          aria-label={`${label}. Arrow keys read the cells.`}
          style={{ '--tracks': tracks }}
          onKeyDown={(event) => onKey(event, spot, ordered.length, columns.length)}
          onFocus={(event) => {
            if (!event.currentTarget.matches(':focus-visible')) return
            spot.value ??= { row: 0, column: Math.max(0, hot), byKey: true }
          }}
          onBlur={() => (spot.value = null)}
          onPointerOver={(event) => {
            if (event.pointerType !== 'touch') spot.value = spotOf(event.target) ?? spot.value
          }}
          onPointerLeave={() => (spot.value = null)}
          onClick={(event) => (spot.value = spotOf(event.target))}
        >
          <HeatHead columns={columns} every={every} hot={hot} />
          {ordered.map((line, index) => (
            <HeatRow key={line.id} row={line} index={index} columns={columns} shape={shape} hot={hot} />
          ))}
          <div class="heat-cursor" hidden={!title} />
          <div class="heat-tip" aria-hidden="true" hidden={!title}>
            <span>{title}</span>
            <b>{figure}</b>
          </div>
        </div>
      </div>
      <span class="vh" role="status">
        {said}
      </span>
      <HeatLegend hot={columns[hot]?.label} />
    </>
  )
}
