/** What `noc torbox leaktest` prints. Pure. */
import type { Ink } from '#core/cli/output.ts'
import { plain } from '#core/plain.ts'
import { pad, width, wrap } from '#core/tui/text.ts'
import type { LeakReport, LeakRow } from '../wire.ts'
import { GROUPS, type ProbeGroup } from './probes.ts'

/** Where it is printed. */
export interface ReportOptions {
  /** Lines are broken at so many columns; Infinity: never. */
  readonly columns: number
  ink(ink: Ink, text: string): string
}

/** The word in front of a row. */
function word({ result, leak }: LeakRow): { readonly text: string; readonly ink: Ink } {
  if (result === 'pass') return { text: 'pass', ink: 'ok' }
  if (result === 'not-applicable') return { text: 'n/a', ink: 'faint' }
  return leak ? { text: 'LEAK', ink: 'critical' } : { text: 'FAIL', ink: 'warning' }
}

const WORD_WIDTH = 4
const INDENT = '  '

/** The answer, every row with its evidence, and what the verdicts rest on. */
export function reportLines(report: LeakReport, options: ReportOptions): string[] {
  const { answer, rows, notes, tookMs, box } = report
  const names = Math.max(...rows.map((row) => width(row.name)))
  const groups = Object.entries(GROUPS) as [ProbeGroup, string][]
  return [
    `${options.ink(answer.severity === 'ok' ? 'ok' : answer.severity, answer.sentence)} ${plain(answer.paragraph)}`,
    ...groups.flatMap(([group, title]) => {
      const members = rows.filter((row) => row.group === group)
      if (members.length === 0) return []
      return ['', options.ink('strong', title), ...members.flatMap((row) => rowLines(row, names, options))]
    }),
    '',
    ...notes.map((note) => options.ink('faint', plain(note))),
    options.ink('faint', `${KINDS[box.kind]}, ${(tookMs / 1000).toFixed(1)} s.`),
  ]
}

const KINDS: Readonly<Record<LeakReport['box']['kind'], string>> = {
  root: 'In a box of root, behind the bridge',
  user: 'In a box of an ordinary user, without the bridge',
}

function rowLines(row: LeakRow, names: number, options: ReportOptions): string[] {
  const { text, ink } = word(row)
  const head = `${INDENT}${options.ink(ink, text)}${' '.repeat(WORD_WIDTH - text.length)}  ${pad(row.name, names)}  `
  const lines = wrap(plain(row.evidence), options.columns - width(head))
  const [first = '', ...rest] = lines.map((line) => (row.result === 'fail' ? line : options.ink('faint', line)))
  return [head + first, ...rest.map((line) => ' '.repeat(width(head)) + line)]
}
