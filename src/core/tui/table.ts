/** Aligned columns for people. Pure: the width and the inks are handed in. */
import type { Ink } from '../cli/output.ts'
import { plain, shorten, width } from './text.ts'

/** How a column behaves; figures stand on the right. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Never narrower than this, so that changing figures don't make a live table jump. */
  readonly minimum?: number
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

/** Header and rows as lines. Columns that don't fit are shortened, then left out by their `drop` order. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], options: TableOptions): string[] {
  const header = columns.map((column): Cell => ({ text: column.title, ink: 'faint' }))
  const natural = columns.map((column) => column.minimum ?? 0)
  const measure = (row: readonly Cell[]): void => {
    for (let i = 0; i < columns.length; i += 1) {
      const size = width(plain(textOf(row[i])))
      if (size > (natural[i] ?? 0)) natural[i] = size
    }
  }
  measure(header)
  rows.forEach(measure)
  const places = layout(columns, natural, options.columns)
  const draw = (row: readonly Cell[]): string => {
    let line = ''
    for (const [i, room] of places) {
      const text = plain(textOf(row[i]))
      const shown = width(text) <= room ? text : shorten(text, room)
      const space = ' '.repeat(Math.max(0, room - width(shown)))
      const cell = row[i]
      const styled = typeof cell === 'object' && shown !== '' ? options.ink(cell.ink, shown) : shown
      line += (line === '' ? '' : GAP) + (columns[i]?.align === 'right' ? space + styled : styled + space)
    }
    return line.trimEnd()
  }
  return [draw(header), ...rows.map(draw)]
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '')
}
