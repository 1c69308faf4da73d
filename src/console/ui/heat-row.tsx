import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { steadyRate, visible } from '../format.ts'
import { startsNode, STEPS, stepsOf, type HeatColumn } from './heat-scale.ts'
import { Name } from './name.tsx'

/** A row: its figures in the order of the columns, per second. */
export interface HeatLine {
  readonly id: string
  readonly name: string
  readonly rate: number
  readonly cells: readonly number[]
  readonly affinity: string | null
}

/** From this step on, a cell of the CPU in question takes the colour of the finding. */
const HOT_STEP = 5

/** What a line is called: the device, else what the kernel calls the line. */
export function lineName(row: { readonly id: string; readonly name: string }): string {
  return row.name || row.id
}

interface HeadProps {
  readonly columns: readonly HeatColumn[]
  /** Every how many columns there is room for a label. */
  readonly every: number
  /** Column of the CPU in question; -1: none. */
  readonly hot: number
}

/** Nodes and CPUs above the cells. */
export function HeatHead({ columns, every, hot }: HeadProps): JSX.Element {
  const nodes = new Set(columns.map((column) => column.node)).size > 1
  const labelled = (index: number): boolean =>
    index === hot || (index % every === 0 && (hot < 0 || Math.abs(index - hot) >= every))
  return (
    <div class={nodes ? 'heat-row heat-head heat-nodes' : 'heat-row heat-head'} aria-hidden="true">
      <span class="heat-name">CPU</span>
      {columns.flatMap((column, index) => [
        ...(startsNode(columns, index) ? [<s key={`n${column.label}`} />] : []),
        <span key={column.label} class={index === hot ? 'hot' : ''}>
          {nodes && (index === 0 || startsNode(columns, index)) && <b>node {column.node}</b>}
          {labelled(index) ? column.label : ''}
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
  /** Changes when the columns do. */
  readonly shape: string
  readonly hot: number
}

/** One line; drawn anew only when something that can be seen has changed. */
export function HeatRow({ row, index, columns, shape, hot }: RowProps): JSX.Element {
  const steps = stepsOf(row.cells)
  const figure = steadyRate(row.rate)
  const affinity = visible(row.affinity ?? '')
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
        <span class="affinity mono" title={affinity}>
          {affinity}
        </span>
      </div>
    ),
    [row.id, row.name, affinity, index, shape, hot, steps, figure.value, figure.unit],
  )
}

/** What a brightness stands for. */
export function HeatLegend({ hot }: { readonly hot: string | undefined }): JSX.Element {
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
      {hot !== undefined && (
        <span class="heat-hot">
          <i class="h5 hot" />
          <i class="h8 hot" />
          CPU {hot}, in the finding
        </span>
      )}
    </div>
  )
}
