import type { Column } from './column.ts'
import { csv } from './order.ts'

/** Hands a file to the browser, as if a link to it had been clicked. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the blob after the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

function fileName(file: string, extension: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '')
  return `noc-${file}-${stamp}.${extension}`
}

/** Hands what a table shows to the browser as CSV. */
export function saveCsv<R>(file: string, columns: readonly Column<R>[], rows: readonly R[]): void {
  const header = columns.map((column) => column.key)
  const cells = rows.map((row) => columns.map((column) => column.value(row)))
  save(fileName(file, 'csv'), new Blob([csv(header, cells)], { type: 'text/csv;charset=utf-8' }))
}

/** Hands the documents behind the rows to the browser as JSON. */
export function saveJson(file: string, rows: readonly unknown[]): void {
  save(fileName(file, 'json'), new Blob([JSON.stringify(rows, null, 2), '\n'], { type: 'application/json' }))
}
