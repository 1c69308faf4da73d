import type { Column } from './column.ts'
import { csv } from './order.ts'

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
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
  save(fileName(file, 'csv'), 'text/csv;charset=utf-8', csv(header, cells))
}

/** Hands the documents behind the rows to the browser as JSON. */
export function saveJson(file: string, rows: readonly unknown[]): void {
  save(fileName(file, 'json'), 'application/json', `${JSON.stringify(rows, null, 2)}\n`)
}
