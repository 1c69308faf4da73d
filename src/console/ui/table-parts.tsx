import type { Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { visible } from '../format.ts'
import type { Column, Sort } from './column.ts'
import type { CellValue } from './order.ts'

interface HeadProps<R> {
  readonly columns: readonly Column<R>[]
  readonly sort: Signal<Sort>
  /** Whether rows open. */
  readonly opens: boolean
}

/** Titles that sort. */
export function TableHead<R>({ columns, sort, opens }: HeadProps<R>): JSX.Element {
  const press = (column: Column<R>): void => {
    const { key, direction } = sort.value
    const first = column.numeric ? -1 : 1
    sort.value = { key: column.key, direction: key === column.key ? (direction === 1 ? -1 : 1) : first }
  }
  return (
    <thead>
      <tr>
        {opens && (
          <th class="fold">
            <span class="vh">More</span>
          </th>
        )}
        {columns.map((column) => {
          const on = sort.value.key === column.key
          return (
            <th
              key={column.key}
              class={`${column.numeric ? 'num' : ''} ${column.from ?? ''}`}
              aria-sort={on ? (sort.value.direction === 1 ? 'ascending' : 'descending') : 'none'}
            >
              <button type="button" title={column.hint ?? ''} onClick={() => press(column)}>
                {column.title}
                <span aria-hidden="true">{on ? (sort.value.direction === 1 ? '↑' : '↓') : ''}</span>
              </button>
            </th>
          )
        })}
      </tr>
    </thead>
  )
}

interface RowProps<R> {
  readonly row: R
  readonly columns: readonly Column<R>[]
  readonly open: boolean
  readonly detail: ((row: R) => ComponentChildren) | undefined
  onToggle(): void
}

function shown(value: CellValue): string | number | null {
  return typeof value === 'string' ? visible(value) : value
}

/** One row, and what opens below it. */
export function TableRow<R>({ row, columns, open, detail, onToggle }: RowProps<R>): JSX.Element {
  const press = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null
    if (!detail || target?.closest('a, button') || !getSelection()?.isCollapsed) return
    onToggle()
  }
  return (
    <>
      <tr class={detail ? 'opens' : ''} onClick={press}>
        {detail && (
          <td class="fold">
            <button
              type="button"
              aria-expanded={open}
              aria-label={`More about ${shown(columns[0]?.value(row) ?? null) ?? ''}`}
              onClick={onToggle}
            >
              <span aria-hidden="true">›</span>
            </button>
          </td>
        )}
        {columns.map((column) => (
          <td key={column.key} class={`${column.numeric ? 'num' : ''} ${column.from ?? ''}`}>
            {column.cell ? column.cell(row) : shown(column.value(row))}
          </td>
        ))}
      </tr>
      {open && detail && (
        <tr class="detail">
          <td colSpan={columns.length + 1}>{detail(row)}</td>
        </tr>
      )}
    </>
  )
}

interface ToolsProps {
  readonly filter: Signal<string>
  readonly title: string
  onCsv(): void
  onJson(): void
}

/** Filter, CSV, JSON. */
export function TableTools({ filter, title, onCsv, onJson }: ToolsProps): JSX.Element {
  return (
    <>
      <label class="filter">
        <span class="vh">Filter {title}</span>
        <input
          type="search"
          placeholder="Filter"
          spellcheck={false}
          data-filter=""
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            filter.value = ''
            event.currentTarget.blur()
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <button type="button" class="button small" onClick={onCsv}>
        CSV
      </button>
      <button type="button" class="button small" onClick={onJson}>
        JSON
      </button>
    </>
  )
}
