/** One line of /proc/interrupts or /proc/softirqs, byte by byte. Pure. */

export const NEWLINE = 10
const SPACE = 32
const TAB = 9
const COLON = 58
const ZERO = 48
const NINE = 57

/** Where the parts of a row lie in the bytes; one object, filled again for each row. */
export interface Row {
  idStart: number
  idEnd: number
  /** Whether a colon ends the id. */
  colon: boolean
  figures: number
  labelStart: number
  labelEnd: number
  /** Where the next row begins. */
  next: number
}

/** An empty row. */
export function createRow(): Row {
  return { idStart: 0, idEnd: 0, colon: false, figures: 0, labelStart: 0, labelEnd: 0, next: 0 }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/** Whether the row is one of a numbered interrupt. */
export function isNumbered(bytes: Uint8Array, row: Row): boolean {
  const first = bytes[row.idStart] ?? 0
  return first >= ZERO && first <= NINE
}

/**
 * Reads the row at `start` into `values` from `base` on; `columns` says where each column goes (-1: nowhere).
 * The caller has made sure that the bytes end with a newline, so no bounds are checked.
 * At most one figure a column is read: chip names may begin with a digit.
 */
export function readRow(
  bytes: Uint8Array,
  start: number,
  values: Uint32Array,
  base: number,
  columns: Int32Array,
  row: Row,
): void {
  let p = start
  while (isBlank(bytes[p])) p += 1
  row.idStart = p
  while (bytes[p] !== COLON && bytes[p] !== NEWLINE) p += 1
  row.idEnd = p
  row.colon = bytes[p] === COLON
  let figures = 0
  if (row.colon) {
    p += 1
    for (const most = columns.length; figures < most; figures += 1) {
      let c = bytes[p] as number
      while (c === SPACE || c === TAB) c = bytes[(p += 1)] as number
      let q = p
      let value = 0
      while (c >= ZERO && c <= NINE) {
        // Modulo 2^32, as the kernel's own counters.
        value = (Math.imul(value, 10) + c - ZERO) | 0
        c = bytes[(q += 1)] as number
      }
      if (q === p || c > SPACE) break
      const column = columns[figures] as number
      if (column >= 0) values[base + column] = value
      p = q
    }
    while (isBlank(bytes[p])) p += 1
  }
  row.figures = figures
  row.labelStart = p
  row.next = bytes.indexOf(NEWLINE, p) + 1
  let end = row.next - 1
  while (end > p && isBlank(bytes[end - 1])) end -= 1
  row.labelEnd = end
}
