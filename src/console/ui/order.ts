/** Sorting and export of tables. Pure. */

/** What a column shows of a row, as it is sorted, filtered and exported. */
export type CellValue = string | number | null

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Orders two cells; what isn't known comes last in both directions. */
export function compareCells(a: CellValue, b: CellValue, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  if (typeof a === 'number' && typeof b === 'number') return (a - b) * direction
  return collator.compare(String(a), String(b)) * direction
}

/**
 * Rows in the order of `ids`; rows that are new since then follow in their own order. This keeps a live table still
 * between two sortings.
 */
export function keepOrder<R>(rows: readonly R[], id: (row: R) => string, ids: readonly string[]): R[] {
  const place = new Map(ids.map((one, index) => [one, index]))
  return rows
    .map((row, index) => ({ row, key: place.get(id(row)) ?? ids.length + index }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ row }) => row)
}

/** Text cells that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/

function csvCell(value: CellValue): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** RFC 4180: one header line, CRLF; a text that a spreadsheet would run as a formula gets an apostrophe before it. */
export function csv(header: readonly string[], rows: readonly (readonly CellValue[])[]): string {
  return [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')
}

/** Whether every word of `filter` occurs in one of the cells. */
export function matches(cells: readonly CellValue[], filter: string): boolean {
  const text = cells.join('\u0000').toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
