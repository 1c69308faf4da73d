import type { ComponentChildren } from 'preact'
import type { CellValue } from './order.ts'

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
