import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { plural } from '../format.ts'
import type { Column, Sort } from './column.ts'
import { saveCsv, saveJson } from './download.ts'
import { compareCells, keepOrder, matches } from './order.ts'
import { TableHead, TableRow, TableTools } from './table-parts.tsx'

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
  /** False: the rows change only when the operator does something, and are always in order. */
  readonly live?: boolean
  /** Rows shown before "Show all". */
  readonly short?: number
}

/** Rows shown at first where nobody says how many. */
const SHORT = 40
/** A live table sorts itself anew this often, ms, and never while it is pointed at or has the focus. */
const SETTLE = 3000

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
  if (props.live !== false && before?.key === key && (held || performance.now() - before.at < SETTLE))
    return keepOrder(found, id, before.ids)
  const column = columns.find((one) => one.key === sort.key)
  const sorted = column
    ? found.toSorted((a, b) => compareCells(column.value(a), column.value(b), sort.direction))
    : found
  kept.current = { key, at: performance.now(), ids: sorted.map(id) }
  return sorted
}

/** A table that can be sorted, filtered and taken away. */
export function Table<R>(props: Props<R>): JSX.Element {
  const { title, file, columns, id, note, foot, detail, empty, short = SHORT } = props
  const sort = useSignal(props.sort)
  const filter = useSignal('')
  const all = useSignal(false)
  const open = useSignal<ReadonlySet<string>>(new Set())
  const held = useRef(false)
  const rows = useRows(props, sort.value, filter.value.trim(), held.current)
  const shown = all.value ? rows : rows.slice(0, short)
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
          <TableTools
            filter={filter}
            title={title}
            onCsv={() => saveCsv(file, columns, rows)}
            onJson={() => saveJson(file, rows)}
          />
        </div>
      </header>
      <div class="table-box">
        <table>
          <TableHead columns={columns} sort={sort} opens={detail !== undefined} />
          <tbody
            onPointerEnter={hold(true)}
            onPointerLeave={hold(false)}
            onFocusIn={hold(true)}
            onFocusOut={hold(false)}
          >
            {shown.map((row) => (
              <TableRow
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
            {short} of {plural(rows.length, 'row')}
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
