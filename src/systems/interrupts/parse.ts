/**
 * Reads /proc/interrupts and /proc/softirqs byte by byte into typed arrays. With 256 CPUs and 500 lines that is 1.5 MB
 * a second: nothing is split, and a file whose lines are the same as before allocates nothing.
 */
import { NocError } from '#core/errors.ts'
import { describeLine, isFaultCounter } from './label.ts'

/** NR_CPUS of the largest kernels (arch/x86/Kconfig, CONFIG_MAXSMP). */
const MAX_CPUS = 8192
/** Lines; far above what drivers ask for, so a file with more is something else. */
const MAX_LINES = 32_768
/** Lines times CPUs: 2,048 lines on the largest machine, 64 MB. */
const MAX_COUNTS = 2 ** 24
/** Bytes of one line's id; the kernel's longest are `IPI10` and `HRTIMER`. */
const MAX_ID_BYTES = 32
/** Bytes of chip and name that are kept: fifty devices that share a line fit. */
const MAX_LABEL_BYTES = 1024

/** Figures of a line: one a CPU, one, none. */
export type LineKind = 'cpus' | 'one' | 'none'

/** What a line says of itself. The same object in every sample for as long as id, chip and name stay the same. */
export interface Line {
  readonly id: string
  readonly name: string
  readonly chip: string
  /** What it counts: each CPU, the whole machine in one figure (ERR, MIS), or nothing (FIQ). */
  readonly kind: LineKind
}

/** The counts of one file at one moment. */
export interface Counts {
  /** Ids of the CPUs that are the columns; not always 0..n-1. */
  readonly cpus: readonly number[]
  readonly lines: readonly Line[]
  /** Row by row, `cpus.length` a row; a single figure stands in the first column. They wrap at 2^32. */
  readonly values: Uint32Array
}

/** A parser with memory of the file before; its arrays are overwritten by the parse after the next. */
export interface CountsParser {
  /** `online` keeps only these CPUs' columns (softirqs lists all possible ones). Throws a NocError with the line. */
  parse(bytes: Uint8Array, online?: readonly number[]): Counts
}

const NEWLINE = 10
const SPACE = 32
const TAB = 9
const COLON = 58
const ZERO = 48
const NINE = 57

function fault(code: `NOC_${string}`, file: string, line: number, what: string): NocError {
  return new NocError(code, `${file}, line ${line}: ${what}`, {
    hint: 'If this is what the kernel wrote, please report it with the file.',
  })
}

function lineNumber(bytes: Uint8Array, position: number): number {
  let line = 1
  for (let i = bytes.indexOf(NEWLINE); i >= 0 && i < position; i = bytes.indexOf(NEWLINE, i + 1)) line += 1
  return line
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

function sameBytes(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  if (a.length !== end - start) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[start + i]) return false
  return true
}

function parseHeader(text: string, file: string): number[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const cpus = words.map((word) => (/^CPU\d{1,5}$/.test(word) ? Number(word.slice(3)) : -1))
  if (cpus.length === 0 || cpus.includes(-1) || new Set(cpus).size !== cpus.length || cpus.length > MAX_CPUS) {
    throw fault('NOC_INTERRUPTS_HEADER', file, 1, 'expected the names of the CPUs (CPU0 CPU1 ...)')
  }
  return cpus
}

/** Where the parts of a row lie; one object, filled again for each row. */
interface Row {
  idStart: number
  idEnd: number
  figures: number
  labelStart: number
  labelEnd: number
  next: number
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/**
 * Reads the row at `start` into `values` from `base` on; `columns` says where each column goes (-1: nowhere).
 * The caller has made sure that the bytes end with a newline, so no bounds are checked.
 * At most one figure a column is read: chip names may begin with a digit.
 */
function readRow(
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
  let figures = 0
  if (bytes[p] === COLON) {
    p += 1
    for (const most = columns.length; figures < most; figures += 1) {
      let c = bytes[p] as number
      while (c === SPACE || c === TAB) c = bytes[(p += 1)] as number
      let q = p
      let value = 0
      while (c >= ZERO && c <= NINE) {
        value = (Math.imul(value, 10) + c - ZERO) | 0
        c = bytes[(q += 1)] as number
      }
      if (q === p || c > SPACE) break
      const column = columns[figures] as number
      // Modulo 2^32, as the kernel's own counters.
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

interface Known {
  readonly line: Line
  readonly id: Uint8Array
  readonly label: Uint8Array
}

/** `file` is named in errors; with `labels` false what stands behind the figures is ignored (softirqs). */
export function countsParser(file: string, labels = true): CountsParser {
  let header: Uint8Array = new Uint8Array()
  let headerCpus: readonly number[] = []
  let keep: readonly number[] | undefined
  let cpus: readonly number[] = []
  let columns = new Int32Array()
  let known: Known[] = []
  let lines: readonly Line[] = []
  let spare: Uint32Array = new Uint32Array()
  let current: Uint32Array = new Uint32Array()
  const row: Row = { idStart: 0, idEnd: 0, figures: 0, labelStart: 0, labelEnd: 0, next: 0 }

  const readHeader = (bytes: Uint8Array, end: number, online: readonly number[] | undefined): void => {
    const same = sameBytes(header, bytes, 0, end)
    if (same && headerCpus.length > 0 && keep === online) return
    if (!same) {
      headerCpus = parseHeader(textOf(bytes, 0, end), file)
      header = bytes.slice(0, end)
    }
    keep = online
    cpus = online ?? headerCpus
    columns = Int32Array.from(headerCpus, (cpu) => cpus.indexOf(cpu))
  }

  const kindOf = (bytes: Uint8Array): LineKind => {
    if (row.figures === 0) return 'none'
    if (row.figures < columns.length) return 'one'
    // On a single CPU the two look the same.
    return columns.length === 1 && isFaultCounter(textOf(bytes, row.idStart, row.idEnd)) ? 'one' : 'cpus'
  }

  const learn = (bytes: Uint8Array, old: ReadonlyMap<string, Known>): Known => {
    const id = bytes.slice(row.idStart, row.idEnd)
    const label = labels ? bytes.slice(row.labelStart, row.labelEnd) : new Uint8Array()
    const before = old.get(keyOf(id, label, kindOf(bytes)))
    if (before) return before
    const text = textOf(label, 0, Math.min(label.length, MAX_LABEL_BYTES))
    const line = { ...describeLine(textOf(id, 0, id.length).trim(), text), kind: kindOf(bytes) }
    return { line, id, label }
  }

  const check = (bytes: Uint8Array): void => {
    const length = row.idEnd - row.idStart
    const faulty = (what: string): NocError => fault('NOC_INTERRUPTS_LINE', file, lineNumber(bytes, row.next - 1), what)
    if (bytes[row.idEnd] !== COLON || length === 0 || length > MAX_ID_BYTES) {
      throw faulty('expected the number or short name of an interrupt, then a colon')
    }
    const numbered = (bytes[row.idStart] ?? 0) >= ZERO && (bytes[row.idStart] ?? 0) <= NINE
    if (row.figures < columns.length && (numbered || row.figures > 1)) {
      throw faulty(`${row.figures} counts for ${columns.length} CPUs`)
    }
  }

  const start = (bytes: Uint8Array, online: readonly number[] | undefined): number => {
    if (bytes.length === 0) throw new NocError('NOC_INTERRUPTS_EMPTY', `${file} is empty`)
    if (bytes.at(-1) !== NEWLINE) {
      throw fault(
        'NOC_INTERRUPTS_TRUNCATED',
        file,
        lineNumber(bytes, bytes.length),
        'the file ends in the middle of a line',
      )
    }
    const end = bytes.indexOf(NEWLINE)
    readHeader(bytes, end, online)
    return end + 1
  }

  return {
    parse(bytes, online) {
      let position = start(bytes, online)
      const width = cpus.length
      // The counts before stay whole, also when this file turns out to be faulty half-way.
      let target = spare
      if (online) target.fill(0)
      let count = 0
      let changed: Known[] | undefined
      let old: Map<string, Known> | undefined
      while (position < bytes.length) {
        const base = count * width
        if (count >= MAX_LINES || base + width > MAX_COUNTS) {
          throw fault('NOC_INTERRUPTS_HUGE', file, count + 2, 'more interrupts than any machine has')
        }
        if (target.length < base + width) target = grown(target, base + width)
        readRow(bytes, position, target, base, columns, row)
        position = row.next
        if (row.idStart === position - 1) continue
        check(bytes)
        if (row.figures < columns.length) target.fill(0, base + Math.min(row.figures, width), base + width)
        const last = known[count]
        const same =
          last !== undefined &&
          last.line.kind === kindOf(bytes) &&
          sameBytes(last.id, bytes, row.idStart, row.idEnd) &&
          (!labels || sameBytes(last.label, bytes, row.labelStart, row.labelEnd))
        if (!same && changed === undefined) {
          changed = known.slice(0, count)
          old = new Map(known.map((entry) => [keyOf(entry.id, entry.label, entry.line.kind), entry]))
        }
        if (changed && old) changed.push(same ? last : learn(bytes, old))
        count += 1
      }
      if (changed || count !== known.length) {
        known = distinct(changed ?? known.slice(0, count))
        lines = known.map((entry) => entry.line)
      }
      ;[spare, current] = [current, target]
      return { cpus, lines, values: target.subarray(0, count * width) }
    },
  }
}

function keyOf(id: Uint8Array, label: Uint8Array, kind: LineKind): string {
  return `${Buffer.from(id).toString('latin1')}\0${kind}\0${Buffer.from(label).toString('latin1')}`
}

/** A line object stands for one row: rows that say the same of themselves get objects of their own. */
function distinct(known: readonly Known[]): Known[] {
  const seen = new Set<Line>()
  return known.map((entry) => {
    const own = seen.has(entry.line) ? { ...entry, line: { ...entry.line } } : entry
    seen.add(own.line)
    return own
  })
}

function grown(values: Uint32Array, atLeast: number): Uint32Array {
  const larger = new Uint32Array(Math.max(atLeast, values.length * 2, 1024))
  larger.set(values)
  return larger
}
