/** The live screen's and the batch's text. Pure: width, inks and what to show are handed in. */
import type { Ink } from '#core/cli/output.ts'
import type { Answer } from '#core/http/documents.ts'
import { shade, sparkline } from '#core/tui/sparkline.ts'
import { tableLines, type Cell, type Column } from '#core/tui/table.ts'
import { plain } from '#core/plain.ts'
import { pad, shorten, width } from '#core/tui/text.ts'
import { percent, rate, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import type { Measured } from './delta.ts'
import { foldCpus, foldRates, type FoldedColumn } from './fold.ts'
import type { Line } from './parse.ts'
import type { Moment } from './sample.ts'
import { busiestCpu, networkOf } from './view.ts'

/** Where it is shown. */
export interface Style {
  readonly columns: number
  readonly unicode: boolean
  ink(ink: Ink, text: string): string
}

/** More CPUs than this get no columns of their own unless asked for. */
export const FEW_CPUS = 8
const TREND_COLUMNS = 10
const CPU_COLUMNS = 7
const GAP = 2
/** Width from which on the chip is shown: names come first. */
const CHIP_FROM = 100

const MARKS = { ok: ['●', 'o', 'ok'], warning: ['◆', '*', 'look'], critical: ['■', '#', 'bad'] } as const

/** State as mark and word, then the sentence. */
export function answerLine(answer: Answer, style: Style): string {
  const [mark, asciiMark, word] = MARKS[answer.severity]
  const state = style.ink(answer.severity, `${style.unicode ? mark : asciiMark} ${word}`)
  return `${state}  ${style.ink('strong', answer.sentence)}`
}

/** A figure that fits in six columns: `9.8k`, `.` for nothing, `-` for unknown. */
function figure(value: number, nothing = '0'): string {
  if (Number.isNaN(value)) return '-'
  if (value === 0) return nothing
  const { value: digits, unit } = rate(value)
  return digits + unit.replace('/s', '')
}

/** The figures that belong to the answer, on one line; what doesn't fit is left out from the end. */
export function figuresLine(moment: Moment, style: Style, columns: number = style.columns): string {
  const { sample } = moment
  const { cpus } = sample.interrupts.counts
  const total = sample.interrupts.rate
  const busiest = busiestCpu(sample)
  const network = networkOf(sample)
  const parts = [
    `${Number.isNaN(total) ? '-' : text(rate(total))} on ${cpus.length} CPU${cpus.length === 1 ? '' : 's'}`,
    busiest ? `CPU ${busiest.cpu} ${percent(busiest.share)}` : '',
    network
      ? `net rx ${text(rate(network.receive))}, ${network.dropped > 0 ? text(rate(network.dropped)) : 'none'} dropped`
      : '',
    sample.seconds > 0 ? `over ${sample.seconds.toFixed(sample.seconds < 10 ? 1 : 0)} s` : '',
  ].filter((part) => part !== '')
  const between = style.unicode ? ' · ' : ', '
  while (parts.length > 1 && parts.join(between).length > columns) parts.pop()
  return parts.join(between)
}

/** Words in lines of at most `columns`. */
export function wrap(words: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of plain(words).split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && width(last) + 1 + width(word) <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Every verdict in full: what, why, what to do, and the commands to copy, which are never cut. */
export function findings(verdicts: readonly Verdict[], style: Style): string[] {
  return verdicts.flatMap((verdict) => [
    answerLine({ severity: verdict.severity, sentence: `${verdict.summary}.`, paragraph: '' }, style),
    ...wrap(`${verdict.evidence}. ${verdict.fix}.`, style.columns - 2).map((line) => `  ${line}`),
    ...verdict.commands.map((command) => `    ${plain(command)}`),
    '',
  ])
}

/** Which rows of the list are shown, and which CPUs have columns of their own. */
export interface ListWindow {
  readonly rows: readonly number[]
  /** Places of CPUs. */
  readonly cpus: readonly number[]
  /** Whether histories are shown; a table in a pipe has none. */
  readonly trend: boolean
}

/** How many CPU columns fit beside the rest. */
export function cpuColumnsThatFit(columns: number): number {
  return Math.max(1, Math.floor((columns - 46) / CPU_COLUMNS))
}

interface ListColumn extends Column {
  cell(row: number): Cell
}

function listColumns(moment: Moment, measured: Measured, window: ListWindow, style: Style): ListColumn[] {
  const { counts, lineRates, lineTotals, rates } = measured
  const lineOf = (row: number): Line => counts.lines[row] as Line
  const speedOf = (row: number): number => lineRates[row] ?? NaN
  const isQuiet = (row: number): boolean => !(speedOf(row) > 0)
  const dim = (row: number, words: string): Cell =>
    isQuiet(row) && words !== '' ? { text: words, ink: 'faint' } : words
  const ofCpu = (place: number): ListColumn => ({
    title: `CPU${counts.cpus[place] ?? 0}`,
    align: 'right',
    minimum: CPU_COLUMNS - GAP,
    fixed: true,
    cell: (row) =>
      lineOf(row).kind === 'cpus' ? dim(row, figure(rates[row * counts.cpus.length + place] ?? NaN, '.')) : '',
  })
  const trend: ListColumn = {
    title: 'TREND',
    minimum: TREND_COLUMNS,
    fixed: true,
    drop: 3,
    cell: (row) => ({ text: sparkline(moment.recent(lineOf(row)), TREND_COLUMNS, style.unicode), ink: 'accent' }),
  }
  const speed = (row: number): Cell =>
    isQuiet(row) ? dim(row, figure(speedOf(row))) : { text: figure(speedOf(row)), ink: 'strong' }
  const share = (row: number): Cell =>
    isQuiet(row) || lineOf(row).kind !== 'cpus' ? '' : percent(speedOf(row) / measured.rate)
  const sum = (row: number): Cell => dim(row, lineOf(row).kind === 'none' ? '' : figure(lineTotals[row] ?? 0))
  const allowed = (row: number): Cell => dim(row, moment.topology.placement(lineOf(row).id)?.allowed ?? '')
  return [
    { title: 'IRQ', align: 'right', minimum: 4, cell: (row) => dim(row, lineOf(row).id) },
    { title: 'NAME', minimum: 14, shrink: 12, cell: (row) => dim(row, lineOf(row).name) },
    { title: '/s', align: 'right', minimum: 6, fixed: true, cell: speed },
    { title: 'SHARE', align: 'right', minimum: 5, fixed: true, cell: share },
    ...(window.trend ? [trend] : []),
    ...window.cpus.map(ofCpu),
    { title: 'TOTAL', align: 'right', minimum: 5, fixed: true, drop: 1, cell: sum },
    { title: 'ALLOWED', minimum: 7, shrink: 7, drop: 2, cell: allowed },
    ...(style.columns >= CHIP_FROM
      ? [{ title: 'CHIP', drop: 4, cell: (row: number) => dim(row, lineOf(row).chip) }]
      : []),
  ]
}

/** The list: interrupts with rate, share, history and where they land. The first line is the header. */
export function list(moment: Moment, measured: Measured, window: ListWindow, style: Style): Iterable<string> {
  const columns = listColumns(moment, measured, window, style)
  const cell = (row: number, column: number): Cell => columns[column]?.cell(window.rows[row] ?? 0) ?? ''
  return tableLines({ columns, rows: window.rows.length, cell }, style)
}

const HEAT_NAME_COLUMNS = 18
const HEAT_LEFT = 4 + 1 + HEAT_NAME_COLUMNS + 1 + 6 + 2
/** Kept free behind the cells for the list of allowed CPUs. */
const HEAT_RIGHT = 9

/** Cells of a heat map side by side, with a gap between nodes. */
function joined(columns: readonly FoldedColumn[], cell: (column: number) => string): string {
  return columns.map(({ node }, i) => (i > 0 && columns[i - 1]?.node !== node ? ' ' : '') + cell(i)).join('')
}

/** Interrupts by CPU as shades, folded by node where there are more CPUs than room. Two header lines first. */
export function heat(moment: Moment, measured: Measured, rows: readonly number[], style: Style): string[] {
  const { counts, lineRates, rates } = measured
  const nodes = new Set(moment.topology.nodes.map((node) => node.id)).size
  const room = Math.max(1, style.columns - HEAT_LEFT - HEAT_RIGHT - Math.max(0, nodes - 1))
  const columns = foldCpus(counts.cpus, moment.topology.nodes, room)
  const size = Math.min(4, Math.max(1, Math.floor(room / columns.length)))
  const shown = rows.filter((row) => counts.lines[row]?.kind === 'cpus')
  const folded = shown.map((row) => foldRates(rates, row * counts.cpus.length, columns))
  // Square roots keep what is ten times less still visible.
  const most = Math.sqrt(folded.reduce((max, cells) => Math.max(max, ...cells), 0))
  const left = (id: string, name: string, speed: string): string =>
    `${pad(shorten(plain(id), 4), 4, 'left')} ${pad(shorten(plain(name), HEAT_NAME_COLUMNS), HEAT_NAME_COLUMNS)} ${pad(speed, 6, 'left')}  `
  const blank = ' '.repeat(HEAT_LEFT)
  const first = columns.map(({ node }, i) => i === 0 || columns[i - 1]?.node !== node)
  const widthOf = (node: number): number => columns.filter((column) => column.node === node).length * size
  const nodeLine = columns
    .map(({ node }, i) =>
      first[i] ? (i > 0 ? ' ' : '') + pad(shorten(`node ${node}`, widthOf(node)), widthOf(node)) : '',
    )
    .join('')
  const labels = joined(columns, (i) => pad(shorten(columns[i]?.label ?? '', size), size))
  const readable = columns.every(({ label }) => label.length < size)
  return [
    ...(nodes > 1 ? [style.ink('faint', blank + nodeLine)] : []),
    style.ink(
      'faint',
      left('IRQ', 'NAME', '/s') +
        (readable
          ? labels
          : `CPUs ${counts.cpus[0] ?? 0} to ${counts.cpus.at(-1) ?? 0}, ${columns[0]?.cpus.length ?? 1} a cell`),
    ),
    ...shown.map((row, r) => {
      const line = counts.lines[row] as Line
      const cells = joined(columns, (i) =>
        shade(Math.sqrt(folded[r]?.[i] ?? 0), most, style.unicode)
          .repeat(Math.max(1, size - 1))
          .padEnd(size),
      )
      const allowed = moment.topology.placement(line.id)?.allowed
      const rest = allowed === undefined ? '' : `  ${style.ink('faint', allowed)}`
      return (
        left(line.id, line.name, figure(lineRates[row] ?? NaN)) +
        (rest === '' ? style.ink('accent', cells.trimEnd()) : style.ink('accent', cells) + rest)
      )
    }),
  ]
}
