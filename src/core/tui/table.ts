/** Aligned columns for people. Pure: the width and the inks are handed in. */
import type { Ink } from '../cli/output.ts'
import { plain } from '../plain.ts'
import { shorten, width } from './text.ts'

/** How a column behaves; figures stand on the right. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Never narrower than this, so that changing figures don't make a live table jump. */
  readonly minimum?: number
  /** As wide as its minimum and title: its cells are known to fit and needn't be looked at twice. */
  readonly fixed?: boolean
  /** May be shortened in the middle down to this many columns. */
  readonly shrink?: number
  /** Left out when there is no room, the highest first; a column without it always stays. */
  readonly drop?: number
}

/** Text from anywhere (it is made harmless here), perhaps with an ink. */
export type Cell = string | { readonly text: string; readonly ink: Ink }

/** Where the table is shown. */
export interface TableOptions {
  readonly columns: number
  ink(ink: Ink, text: string): string
}

const GAP = '  '

/** Widths that fit, narrowing the widest shrinkable columns first; null when even that is too wide. */
function fit(columns: readonly Column[], natural: readonly number[], room: number): number[] | null {
  const widths = [...natural]
  let excess = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (widths.length - 1) - room
  const least = (index: number): number => columns[index]?.shrink ?? Infinity
  while (excess > 0) {
    let widest = -1
    widths.forEach((w, i) => {
      if (w > least(i) && (widest < 0 || w > (widths[widest] ?? 0))) widest = i
    })
    if (widest < 0) return null
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

/** Which columns stay (by index) and how wide each is. */
function layout(columns: readonly Column[], natural: readonly number[], room: number): readonly [number, number][] {
  let kept = columns.map((column, index) => ({ ...column, index, natural: natural[index] ?? 0 }))
  for (;;) {
    const wanted = kept.map((column) => column.natural)
    const widths = fit(kept, wanted, room)
    const droppable = kept.filter((column) => column.drop !== undefined)
    if (widths !== null || droppable.length === 0) {
      return kept.map((column, i) => [column.index, widths?.[i] ?? Math.min(column.natural, column.shrink ?? Infinity)])
    }
    const last = droppable.reduce((a, b) => ((b.drop ?? 0) > (a.drop ?? 0) ? b : a))
    kept = kept.filter((column) => column !== last)
  }
}

/** A table whose cells are made when they are needed, so that a long one never lies in memory as a whole. */
export interface TableSource {
  readonly columns: readonly Column[]
  readonly rows: number
  cell(row: number, column: number): Cell
}

/** Header and rows as lines. Columns that don't fit are shortened, then left out by their `drop` order. */
export function* tableLines(source: TableSource, options: TableOptions): Generator<string> {
  const { columns, rows } = source
  const natural = columns.map(({ title, minimum, fixed }, i) => {
    let most = Math.max(width(title), minimum ?? 0)
    if (fixed) return most
    for (let row = 0; row < rows; row += 1) most = Math.max(most, width(plain(textOf(source.cell(row, i)))))
    return most
  })
  const places = layout(columns, natural, options.columns)
  // Blank, text, blank for each column; the array is used again for each row.
  const parts = Array.from({ length: places.length * 3 }, () => '')
  const draw = (row: number): string => {
    for (let p = 0; p < places.length; p += 1) {
      const [i = 0, room = 0] = places[p] ?? []
      const cell = row < 0 ? headerCell(columns[i]) : source.cell(row, i)
      const text = plain(textOf(cell))
      const shown = width(text) <= room ? text : shorten(text, room)
      const isRight = columns[i]?.align === 'right'
      const gap = p > 0 ? GAP.length : 0
      const rest = room - width(shown)
      parts[p * 3] = spaces(isRight ? gap + rest : gap)
      parts[p * 3 + 1] = typeof cell === 'object' && shown !== '' ? options.ink(cell.ink, shown) : shown
      parts[p * 3 + 2] = spaces(isRight ? 0 : rest)
    }
    // No blanks at the end of a line.
    for (let p = parts.length - 1; p >= 0 && (parts[p] ?? '').trimEnd() === ''; p -= 1) parts[p] = ''
    return parts.join('')
  }
  yield draw(-1)
  for (let row = 0; row < rows; row += 1) yield draw(row)
}

/** The same for cells that are there already. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], options: TableOptions): string[] {
  return [...tableLines({ columns, rows: rows.length, cell: (row, i) => rows[row]?.[i] ?? '' }, options)]
}

function headerCell(column: Column | undefined): Cell {
  return { text: column?.title ?? '', ink: 'faint' }
}

const SPACES: readonly string[] = Array.from({ length: 64 }, (_, count) => ' '.repeat(count))

function spaces(count: number): string {
  return SPACES[Math.max(0, count)] ?? ' '.repeat(count)
}

function textOf(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : cell
}
