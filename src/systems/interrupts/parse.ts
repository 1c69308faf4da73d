/**
 * Reads /proc/interrupts and /proc/softirqs into typed arrays. With 256 CPUs and 500 lines that is 1.5 MB a second:
 * the file is taken piece by piece, nothing is split, and lines that are the same as before allocate nothing.
 */
import { NocError } from '#core/errors.ts'
import { describeLine, isFaultCounter } from './label.ts'
import { createRow, isNumbered, NEWLINE, readRow } from './row.ts'

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
/** Rows that the arrays have room for at first; memory is taken only for those that are written. */
const FIRST_ROWS = 1024

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

/**
 * A parser with memory of the file before; its arrays are overwritten by the file after the next. All throw a NocError
 * with the line; what was read before stays whole.
 */
export interface CountsParser {
  /** Begins a file. `online` keeps only these CPUs' columns (softirqs lists all possible ones). */
  begin(online?: readonly number[]): void
  /** Takes the whole lines of `bytes` and says how many bytes they are; the rest is to come again. */
  push(bytes: Uint8Array): number
  /** Ends the file, of which `rest` bytes were not taken. */
  end(rest: number): Counts
}

/** Parses a file that is in memory as a whole. */
export function parseCounts(parser: CountsParser, bytes: Uint8Array, online?: readonly number[]): Counts {
  parser.begin(online)
  return parser.end(bytes.length - parser.push(bytes))
}

interface Known {
  readonly line: Line
  /** Id and label as they stand in the file. */
  readonly bytes: Uint8Array
  readonly idLength: number
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

function sameBytes(a: Uint8Array, from: number, b: Uint8Array, start: number, end: number): boolean {
  for (let i = from, j = start; j < end; i += 1, j += 1) if (a[i] !== b[j]) return false
  return true
}

function cpusOf(header: string): number[] | null {
  const words = header.split(/\s+/).filter((word) => word !== '')
  const cpus = words.map((word) => (/^CPU\d{1,5}$/.test(word) ? Number(word.slice(3)) : -1))
  const fine = cpus.length > 0 && cpus.length <= MAX_CPUS && !cpus.includes(-1) && new Set(cpus).size === cpus.length
  return fine ? cpus : null
}

/** `file` is named in errors; with `labels` false what stands behind the figures is ignored (softirqs). */
export function countsParser(file: string, labels = true): CountsParser {
  const row = createRow()
  let header: Uint8Array = new Uint8Array()
  let headerCpus: readonly number[] = []
  let keep: readonly number[] | undefined
  let cpus: readonly number[] = []
  let columns = new Int32Array()
  let known: Known[] = []
  let lines: readonly Line[] = []
  // Two arrays in turn: the counts before stay whole, also when this file turns out to be faulty half-way.
  let target = new Uint32Array()
  let other = new Uint32Array()
  // Of the file that is being read:
  let online: readonly number[] | undefined
  let lineNumber = 0
  let count = 0
  let changed: Known[] | undefined
  let before: Map<string, Known> | undefined

  const fault = (code: `NOC_${string}`, what: string): NocError =>
    new NocError(code, `${file}, line ${lineNumber}: ${what}`, {
      hint: 'If this is what the kernel wrote, please report it with the file.',
    })

  const readHeader = (bytes: Uint8Array, end: number): void => {
    const same = header.length === end && end > 0 && sameBytes(header, 0, bytes, 0, end)
    if (!same) {
      const found = cpusOf(textOf(bytes, 0, end))
      if (!found) throw fault('NOC_INTERRUPTS_HEADER', 'expected the names of the CPUs (CPU0 CPU1 ...)')
      headerCpus = found
      header = bytes.slice(0, end)
    }
    if (same && keep === online) return
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

  const check = (bytes: Uint8Array): void => {
    const length = row.idEnd - row.idStart
    if (!row.colon || length === 0 || length > MAX_ID_BYTES) {
      throw fault('NOC_INTERRUPTS_LINE', 'expected the number or short name of an interrupt, then a colon')
    }
    if (row.figures < columns.length && (row.figures > 1 || isNumbered(bytes, row))) {
      throw fault('NOC_INTERRUPTS_LINE', `${row.figures} counts for ${columns.length} CPUs`)
    }
  }

  const isSame = (entry: Known, bytes: Uint8Array): boolean => {
    const { idLength } = entry
    const labelLength = labels ? row.labelEnd - row.labelStart : 0
    return (
      entry.line.kind === kindOf(bytes) &&
      idLength === row.idEnd - row.idStart &&
      entry.bytes.length === idLength + labelLength &&
      sameBytes(entry.bytes, 0, bytes, row.idStart, row.idEnd) &&
      sameBytes(entry.bytes, idLength, bytes, row.labelStart, row.labelStart + labelLength)
    )
  }

  const learn = (bytes: Uint8Array, old: ReadonlyMap<string, Known>): Known => {
    const id = bytes.subarray(row.idStart, row.idEnd)
    const label = labels ? bytes.subarray(row.labelStart, row.labelEnd) : new Uint8Array()
    const kind = kindOf(bytes)
    const entry = { bytes: Buffer.concat([id, label]), idLength: id.length }
    const text = textOf(label, 0, Math.min(label.length, MAX_LABEL_BYTES))
    const line = { ...describeLine(textOf(id, 0, id.length).trim(), text), kind }
    return old.get(keyOf(entry, kind)) ?? { ...entry, line }
  }

  /** Gives the row its line: the one of the file before, wherever it stood there. */
  const identify = (bytes: Uint8Array): void => {
    const last = known[count]
    const same = last !== undefined && isSame(last, bytes)
    if (!same && changed === undefined) {
      changed = known.slice(0, count)
      before = new Map(known.map((entry) => [keyOf(entry, entry.line.kind), entry]))
    }
    if (changed && before) changed.push(same ? last : learn(bytes, before))
  }

  const pushRow = (bytes: Uint8Array, start: number): void => {
    const width = cpus.length
    const base = count * width
    if (count >= MAX_LINES || base + width > MAX_COUNTS) {
      throw fault('NOC_INTERRUPTS_HUGE', 'more interrupts than any machine has')
    }
    if (target.length < base + width) target = grown(target, base + width, FIRST_ROWS * width)
    // A CPU that is online may be missing in this file: what stood in its column is long ago.
    if (online) target.fill(0, base, base + width)
    readRow(bytes, start, target, base, columns, row)
    if (row.idStart === row.next - 1) return
    check(bytes)
    if (row.figures < columns.length) target.fill(0, base + Math.min(row.figures, width), base + width)
    identify(bytes)
    count += 1
  }

  return {
    begin(wanted) {
      online = wanted
      lineNumber = 0
      count = 0
      changed = undefined
      before = undefined
    },
    push(bytes) {
      const end = bytes.lastIndexOf(NEWLINE) + 1
      let position = 0
      while (position < end) {
        lineNumber += 1
        if (lineNumber === 1) {
          const headerEnd = bytes.indexOf(NEWLINE)
          readHeader(bytes, headerEnd)
          position = headerEnd + 1
        } else {
          pushRow(bytes, position)
          position = row.next
        }
      }
      return end
    },
    end(rest) {
      if (rest === 0 && lineNumber === 0) throw new NocError('NOC_INTERRUPTS_EMPTY', `${file} is empty`)
      lineNumber += 1
      if (rest > 0) throw fault('NOC_INTERRUPTS_TRUNCATED', 'the file ends in the middle of a line')
      if (changed || count !== known.length) {
        known = distinct(changed ?? known.slice(0, count))
        lines = known.map((entry) => entry.line)
      }
      const values = target.subarray(0, count * cpus.length)
      ;[target, other] = [other, target]
      return { cpus, lines, values }
    },
  }
}

function keyOf({ bytes, idLength }: Pick<Known, 'bytes' | 'idLength'>, kind: LineKind): string {
  return `${kind} ${idLength} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`
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

function grown(values: Uint32Array, atLeast: number, first: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.min(MAX_COUNTS, Math.max(atLeast, values.length * 2, first)))
  larger.set(values)
  return larger
}
