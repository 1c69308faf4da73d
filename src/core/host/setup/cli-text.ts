/** Plans, runs and reasons as lines for people. Pure but for the inks that are handed in. */
import type { Ink } from '../../cli/output.ts'
import { plain } from '../../plain.ts'
import { wrap } from '../../tui/text.ts'
import { clock, count } from '../../units.ts'
import type { ChangeDocument, PlanDocument, RunDocument, UndoDocument, WhyDocument } from './documents.ts'

/** Makes text harmless and, where wanted, coloured. */
export type Paint = (ink: Ink, text: string) => string

/** What the lines are written on. */
export interface Sheet {
  readonly paint: Paint
  readonly columns: number
  /** Lines of one difference that are shown; the rest is counted. */
  readonly most: number
}

/** Enough of a difference to know it by. */
export const BRIEF_LINES = 12
/** Wider text is hard to read. */
const WIDEST = 100

/** `1 change`, `12 changes`. */
export function changes(number: number): string {
  return `${count(number)} ${number === 1 ? 'change' : 'changes'}`
}

/** A difference, indented. */
export function diffLines(diff: readonly string[], { paint, most }: Sheet): readonly string[] {
  const shown = diff.slice(0, most).map((line) => {
    const ink = line.startsWith('+') ? 'ok' : line.startsWith('-') ? 'critical' : 'faint'
    return `    ${paint(ink, line.replaceAll('\t', '  '))}`
  })
  const more = diff.length - shown.length
  return more > 0 ? [...shown, paint('faint', `    … ${count(more)} more lines; plan --full has them all`)] : shown
}

function reason(text: string, { columns }: Sheet): readonly string[] {
  return wrap(plain(text), Math.min(columns, WIDEST) - 4).map((line) => `    ${line}`)
}

function changeLines(change: ChangeDocument, sheet: Sheet): readonly string[] {
  const { id, why, diff, reload, refused, undo, losses } = change
  const { paint } = sheet
  // What is started anew reads its configuration anyway.
  const reloaded = reload && diff.length === 0 ? 'reads its configuration again, for that has changed' : ''
  const limits =
    undo === 'never' ? `can't be undone. ${losses ?? ''}` : undo === 'best-effort' ? `undo: ${losses ?? ''}` : ''
  return [
    paint('strong', id),
    ...reason(why, sheet),
    ...diffLines(diff, sheet),
    ...(reloaded === '' ? [] : [`    ${paint('faint', reloaded)}`]),
    ...(limits === '' ? [] : [`    ${paint('warning', limits)}`]),
    ...(refused === null ? [] : [`    ${paint('critical', `refused: ${refused}`)}`]),
    '',
  ]
}

/** The plan: its answer first, then each change with its reason. */
export function planLines(plan: PlanDocument, sheet: Sheet): readonly string[] {
  const { paint } = sheet
  if (plan.changes.length === 0) return [paint('ok', 'Nothing to do: this machine is as the set-up wants it.')]
  return [
    paint('accent', `${changes(plan.changes.length)} to make; nothing was done yet.`),
    '',
    ...plan.changes.flatMap((change) => changeLines(change, sheet)),
  ]
}

/** What undo would do. */
export function undoLines(plan: UndoDocument, sheet: Sheet): readonly string[] {
  const { paint } = sheet
  const said = { restore: '', same: 'is as it was before already', conflict: '' }
  return [
    paint('accent', `${changes(plan.acts.length)} to take back, the newest first.`),
    '',
    ...plan.acts.flatMap(({ id, run, verdict, why, diff }) => [
      `${paint('strong', id)}  ${paint('faint', `run ${run}`)}`,
      ...(verdict === 'conflict' ? [`    ${paint('warning', `conflict: ${why}`)}`] : diffLines(diff, sheet)),
      ...(said[verdict] === '' ? [] : [`    ${paint('faint', said[verdict])}`]),
      '',
    ]),
  ]
}

/** One run of the past with all its changes. */
export function runLines(run: RunDocument, now: number, sheet: Sheet): readonly string[] {
  const { paint } = sheet
  const state = run.standing > 0 ? `${changes(run.standing)} standing` : ''
  const about = [run.verb, clock(run.at, now), `by ${run.actor}`, run.outcome, state].filter((part) => part !== '')
  return [
    paint('strong', `run ${run.run}: ${about.join(', ')}`),
    '',
    ...run.acts.flatMap(({ id, why, diff }) => [
      paint('strong', id),
      ...reason(why, sheet),
      ...diffLines(diff, sheet),
      '',
    ]),
    ...run.troubles.map(({ id, why }) => `${paint('warning', id)}: ${plain(why)}`),
  ]
}

/** Reasons. */
export function whyLines({ steps }: WhyDocument, sheet: Sheet): readonly string[] {
  const { paint } = sheet
  return steps.flatMap(({ id, why, source, needs, notify, losses, probe }) => {
    const line = (title: string, text: string | null): readonly string[] =>
      text === null || text === '' ? [] : [`    ${paint('faint', title)} ${plain(text)}`]
    return [
      paint('strong', id),
      ...reason(why, sheet),
      ...line('source:', source),
      ...line('needs:', needs.join(', ')),
      ...line('reloads:', notify.join(', ')),
      ...line('undo:', losses),
      ...line('verify:', probe),
      '',
    ]
  })
}
