import { useSignal, type Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { plural } from '../format.ts'
import { saveCsv, saveJson } from './download.ts'
import { compareCells, keepOrder, matches, type CellValue } from './order.ts'

/** One column: what it holds, and how it is drawn when plain text won't do. */
export interface Column<R> {
  readonly key: string
  readonly title: string
  /** What the title stands for, when it is short. */
  readonly hint?: string
  value(row: R): CellValue
  cell?(row: R): ComponentChildren
  readonly numeric?: boolean
  /** Shown only where the table is at least so wide: medium 640 px, wide 1,080 px. Always in CSV. */
  readonly from?: 'medium' | 'wide'
}

/** Which column leads, and which way. */
export interface Sort {
  readonly key: string
  readonly direction: 1 | -1
}

interface Props<R> {
  readonly title: string
  /** First part of the names of downloaded files. */
  readonly file: string
  readonly rows: readonly R[]
  readonly columns: readonly Column<R>[]
  readonly sort: Sort
  readonly id: (row: R) => string
  /** Beside the title. */
  readonly note?: ComponentChildren
  /** Below the rows. */
  readonly foot?: ComponentChildren
  /** Everything about one row, opened below it. */
  readonly detail?: (row: R) => ComponentChildren
  /** Said when there are no rows at all. */
  readonly empty: string
}

/** Rows shown before "Show all". */
const SHORT = 40
/** A live table sorts itself anew this often, ms, and never while it is pointed at or has the focus. */
const SETTLE = 5000

interface Kept {
  readonly key: string
  readonly at: number
  readonly ids: readonly string[]
}

/** Sorted and filtered rows, in an order that holds still. */
function useRows<R>(props: Props<R>, sort: Sort, filter: string, held: boolean): readonly R[] {
  const kept = useRef<Kept | null>(null)
  const { rows, columns, id } = props
  const found = filter
    ? rows.filter((row) =>
        matches(
          columns.map((column) => column.value(row)),
          filter,
        ),
      )
    : rows
  const key = `${sort.key} ${sort.direction} ${filter}`
  const before = kept.current
  if (before?.key === key && (held || performance.now() - before.at < SETTLE)) return keepOrder(found, id, before.ids)
  const column = columns.find((one) => one.key === sort.key)
  const sorted = column
    ? found.toSorted((a, b) => compareCells(column.value(a), column.value(b), sort.direction))
    : found
  kept.current = { key, at: performance.now(), ids: sorted.map(id) }
  return sorted
}

function Head<R>({
  columns,
  sort,
  wide,
}: {
  columns: readonly Column<R>[]
  sort: Signal<Sort>
  wide: boolean
}): JSX.Element {
  const press = (column: Column<R>): void => {
    const { key, direction } = sort.value
    const first = column.numeric ? -1 : 1
    sort.value = { key: column.key, direction: key === column.key ? (direction === 1 ? -1 : 1) : first }
  }
  return (
    <thead>
      <tr>
        {wide && (
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

function Row<R>({ row, columns, open, detail, onToggle }: RowProps<R>): JSX.Element {
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
              aria-label={`More about ${columns[0]?.value(row) ?? ''}`}
              onClick={onToggle}
            >
              <span aria-hidden="true">›</span>
            </button>
          </td>
        )}
        {columns.map((column) => (
          <td key={column.key} class={`${column.numeric ? 'num' : ''} ${column.from ?? ''}`}>
            {column.cell ? column.cell(row) : column.value(row)}
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

function Tools({ filter, title, onCsv, onJson }: ToolsProps): JSX.Element {
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

/** A table that can be sorted, filtered and taken away. */
export function Table<R>(props: Props<R>): JSX.Element {
  const { title, file, columns, id, note, foot, detail, empty } = props
  const sort = useSignal(props.sort)
  const filter = useSignal('')
  const all = useSignal(false)
  const open = useSignal<ReadonlySet<string>>(new Set())
  const held = useRef(false)
  const rows = useRows(props, sort.value, filter.value.trim(), held.current)
  const shown = all.value ? rows : rows.slice(0, SHORT)
  const toggle = (key: string): void => {
    const next = new Set(open.value)
    if (!next.delete(key)) next.add(key)
    open.value = next
  }
  const hold = (value: boolean) => (): void => void (held.current = value)

  return (
    <section class="panel table" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note && <small>{note}</small>}
        <div class="end">
          <Tools
            filter={filter}
            title={title}
            onCsv={() => saveCsv(file, columns, rows)}
            onJson={() => saveJson(file, rows)}
          />
        </div>
      </header>
      <div
        class="table-box"
        onPointerEnter={hold(true)}
        onPointerLeave={hold(false)}
        onFocusIn={hold(true)}
        onFocusOut={hold(false)}
      >
        <table>
          <Head columns={columns} sort={sort} wide={detail !== undefined} />
          <tbody>
            {shown.map((row) => (
              <Row
                key={id(row)}
                row={row}
                columns={columns}
                detail={detail}
                open={open.value.has(id(row))}
                onToggle={() => toggle(id(row))}
              />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && (
          <div class="state-note">{filter.value.trim() ? 'Nothing matches the filter.' : empty}</div>
        )}
      </div>
      {rows.length > shown.length && (
        <footer>
          <small>
            {SHORT} of {plural(rows.length, 'row')}
          </small>
          <button type="button" class="button small" onClick={() => (all.value = true)}>
            Show all
          </button>
        </footer>
      )}
      {foot && <footer>{foot}</footer>}
    </section>
  )
}
