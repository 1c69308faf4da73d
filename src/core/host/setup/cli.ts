/** The verbs of every set-up on the command line. */
import { createInterface } from 'node:readline/promises'
import type { CommandContext, Input } from '../../cli/command.ts'
import { systemClock } from '../../clock.ts'
import { NocError, exitCode } from '../../errors.ts'
import { table } from '../../tui/table.ts'
import { plain } from '../../plain.ts'
import { clock, count } from '../../units.ts'
import { apply as applyPlan } from './apply.ts'
import { BRIEF_LINES, changes, planLines, runLines, undoLines, whyLines, type Paint, type Sheet } from './cli-text.ts'
import type { ApplyInput, PlanInput, UndoInput } from './commands.ts'
import { logDocument, planDocument, undoDocument, whyDocument } from './describe.ts'
import { type RunSummary, due, runs } from './history.ts'
import { createHost } from './host.ts'
import { openJournal, type Journal } from './journal.ts'
import { kindsByName } from './kinds/index.ts'
import { ordered } from './order.ts'
import { makePlan } from './plan.ts'
import type { Session } from './run.ts'
import type { Host, Plan, Setup, SetupEvent, Step } from './types.ts'
import { planUndo, undo as undoRun, type UndoWish } from './undo.ts'
import { verify as verifyPlan } from './verify.ts'

type Verb<I> = (input: I, cx: CommandContext) => Promise<number>

/** The functions behind the commands of one set-up. */
export interface Verbs {
  readonly plan: Verb<PlanInput>
  readonly apply: Verb<ApplyInput>
  readonly verify: Verb<Input>
  readonly undo: Verb<UndoInput>
  readonly why: Verb<Input>
  readonly log: Verb<Input>
}

/** What each verb works with. */
interface Work {
  readonly cx: CommandContext
  readonly setup: Setup
  readonly session: Session
  /** As it was when the command began. */
  readonly journal: Journal
  steps(): Promise<readonly Step[]>
  readonly paint: Paint
  readonly sheet: Sheet
}

/** Ties the verbs to a set-up; `host` is this machine unless a test hands in another. */
export function verbs<C>(load: () => Promise<Setup<C>>, host: Host = createHost({})): Verbs {
  const verb =
    <I>(act: (work: Work, input: I) => Promise<number>): Verb<I> =>
    async (input, cx) => {
      const setup = await load()
      const data = await cx.dataDirectory()
      const session = { host, data, actor: cx.actor, clock: systemClock, signal: cx.signal }
      const journal = openJournal(data, setup.name, { writable: false })
      const steps = async (): Promise<readonly Step[]> => setup.steps(await cx.config<C>())
      const paint: Paint = (ink, text) => cx.out.ink(ink, text)
      const sheet = { paint, columns: cx.out.columns(), most: BRIEF_LINES }
      return act({ cx, setup, session, journal, steps, paint, sheet }, input)
    }
  return {
    plan: verb<PlanInput>((work, { flags }) => plan(work, flags.full)),
    apply: verb<ApplyInput>((work, { flags }) => apply(work, flags.yes)),
    verify: verb(verify),
    undo: verb<UndoInput>((work, { flags, args }) => undo(work, runOf(args[0]), flags)),
    why: verb<Input>((work, { args }) => why(work, args[0] ?? '')),
    log: verb<Input>((work, { args }) => log(work, runOf(args[0]))),
  }
}

function runOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new NocError('NOC_USAGE_RUN', `"${text}" is not the number of a run.`, {
    hint: '`log` shows the numbers.',
    exit: exitCode.usage,
  })
}

async function look({ session, setup, journal, ...work }: Work): Promise<Plan> {
  return makePlan(session.host, setup.name, await work.steps(), journal.entries)
}

function print(lines: readonly string[], { cx }: Work): void {
  for (const line of lines) cx.out.line(line)
}

async function plan(work: Work, full: boolean): Promise<number> {
  const { cx, setup, journal } = work
  const document = planDocument(await look(work))
  if (cx.json) cx.out.json(document)
  else {
    print(planLines(document, full ? { ...work.sheet, most: Infinity } : work.sheet), work)
    tellCutShort(runs(journal.entries)[0], setup.name, cx)
    if (document.changes.length > 0) cx.out.line(`\`noc ${setup.name} apply\` makes them.`)
  }
  return document.changes.length === 0 ? exitCode.ok : exitCode.found
}

/** The run before was killed or stopped in its middle: whoever comes next should know. */
function tellCutShort(last: RunSummary | undefined, name: string, cx: CommandContext): void {
  if (last === undefined || last.standing === 0 || !['killed', 'stopped'].includes(last.outcome)) return
  cx.out.note(
    `Run ${last.run} was cut short after ${changes(last.standing)}; \`noc ${name} undo ${last.run}\` takes them back.`,
  )
}

async function apply(work: Work, yes: boolean): Promise<number> {
  const { cx, setup, session, paint } = work
  const made = await look(work)
  const document = planDocument(made)
  // Who says --yes has seen the plan; the journal keeps it.
  if (!cx.json && (!yes || made.changes.length === 0)) print(planLines(document, work.sheet), work)
  if (made.changes.length === 0) return exitCode.ok
  if (!yes && !(await agreed(`Make ${changes(made.changes.length)}?`, cx))) return declined(cx)
  const end = await follow(applyPlan(session, made), made.changes.length, work)
  if (!cx.json && end.run !== null) {
    const same = made.changes.length - end.done
    cx.out.line(paint('ok', `Done: ${changes(end.done)} made${same > 0 ? `; ${count(same)} came with them` : ''}.`))
    cx.out.line(
      `\`noc ${setup.name} verify\` tells whether it works, \`noc ${setup.name} undo ${end.run}\` takes it back.`,
    )
  }
  return exitCode.ok
}

async function undo(work: Work, run: number | null, { yes, force }: UndoInput['flags']): Promise<number> {
  const { cx, setup, session, journal, paint } = work
  const wish: UndoWish = { setup: setup.name, kinds: kindsByName(setup.kinds), run, force, hash: null }
  const made = await planUndo(session.host, journal, wish)
  if (made.items.length === 0 && due(journal.entries).length === 0) {
    if (!cx.json) cx.out.line(paint('ok', 'Nothing to undo.'))
    return exitCode.ok
  }
  if (!cx.json && !yes) print(undoLines(undoDocument(setup.name, made), work.sheet), work)
  if (!yes && !(await agreed(`Take back ${changes(made.items.length)}?`, cx))) return declined(cx)
  const end = await follow(undoRun(session, { ...wish, hash: made.hash }), made.items.length, work)
  if (end.conflicts === 0) {
    if (!cx.json) cx.out.line(paint('ok', 'Done: all is as it was before.'))
    return exitCode.ok
  }
  if (!cx.json) {
    cx.out.line(paint('warning', `${changes(end.conflicts)} kept, because of what others did since.`))
    cx.out.line(`\`noc ${setup.name} undo --force\` overwrites them; the journal keeps what they were.`)
  }
  return exitCode.found
}

/** Asks on a terminal; elsewhere nobody could answer. */
async function agreed(question: string, { out, stdin, json, signal }: CommandContext): Promise<boolean> {
  if (json || !out.terminal || !stdin.isTTY) {
    throw new NocError('NOC_USAGE_YES', 'Nobody is there to be asked.', {
      hint: 'Look at the plan, then add --yes.',
      exit: exitCode.usage,
    })
  }
  const prompt = createInterface({ input: stdin, output: process.stdout })
  const stop = new AbortController()
  let keys = false
  // On a terminal in raw mode Ctrl-C is a key, not a signal; Ctrl-D closes.
  prompt.on('SIGINT', () => {
    keys = true
    stop.abort()
  })
  prompt.on('close', () => stop.abort())
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, stop.signal]) })
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    out.line()
    if (keys) throw new NocError('NOC_SETUP_INTERRUPTED', 'Interrupted; nothing was done.', INTERRUPTED)
    return false
  } finally {
    prompt.close()
  }
}

const INTERRUPTED = { exit: exitCode.interrupted } as const

function declined({ out, signal }: CommandContext): number {
  out.note('Nothing was done.')
  return signal.aborted ? exitCode.interrupted : exitCode.found
}

/** What came of a run. */
interface End {
  readonly run: number | null
  readonly done: number
  readonly conflicts: number
}

/** Shows a run as it goes; when it stops before its end, says how to take back what was done. */
async function follow(events: AsyncGenerator<SetupEvent>, all: number, work: Work): Promise<End> {
  const { cx, setup } = work
  const progress = cx.json ? (event: SetupEvent): void => cx.out.json(event) : progressLines(all, work)
  let [run, verb, done, conflicts]: [number | null, string, number, number] = [null, '', 0, 0]
  try {
    for await (const event of events) {
      progress(event)
      if (event.event === 'begin') [run, verb] = [event.run, event.verb]
      if (event.event === 'done') done += 1
      if (event.event === 'conflict') conflicts += 1
    }
  } catch (error) {
    if (run !== null) {
      const again = `\`noc ${setup.name} ${verb}\` goes on`
      const back = verb === 'apply' ? `, \`noc ${setup.name} undo ${run}\` takes them back` : ''
      cx.out.note(`Run ${run} stopped after ${changes(done)}: ${again}${back}.`)
    }
    throw error
  }
  return { run, done, conflicts }
}

/** A line a step; on a terminal the step that is being done shows at once. */
function progressLines(all: number, { cx: { out }, paint }: Work): (event: SetupEvent) => void {
  let number = 0
  let reason = ''
  const tick = paint('ok', out.unicode ? '✓' : 'ok')
  const line = (mark: string, id: string, text: string): void => {
    if (out.terminal) out.raw('\r\u001b[K')
    out.line(`${mark} ${plain(id)} ${paint('faint', text)}`)
  }
  return (event) => {
    if (event.event === 'act') {
      number += 1
      reason = event.why
      if (out.terminal) out.raw(paint('faint', `${number}/${all} ${event.id} ...`))
    }
    if (event.event === 'done') line(tick, event.id, reason)
    if (event.event === 'same') line(tick, event.id, 'was so already')
    if (event.event === 'reload') line(tick, event.id, 'reads its configuration again')
    if (event.event === 'conflict') line(paint('warning', '!'), event.id, event.why)
    if (event.event === 'end' && event.outcome === 'stopped' && out.terminal) out.raw('\r\u001b[K')
  }
}

async function verify(work: Work): Promise<number> {
  const { cx, session, paint } = work
  const made = await look(work)
  let [good, bad] = [0, 0]
  for await (const event of verifyPlan(session.host, made, cx.signal)) {
    if (event.event !== 'probe') continue
    if (event.ok) good += 1
    else bad += 1
    if (cx.json) cx.out.json(event)
    else
      cx.out.line(
        `${paint(event.ok ? 'ok' : 'critical', event.ok ? 'yes' : 'NO ')} ${plain(event.says)} ${paint('faint', event.saw)}`,
      )
  }
  if (!cx.json && good + bad === 0) cx.out.line('All is as the set-up wants it; there is nothing more to probe.')
  return bad === 0 ? exitCode.ok : exitCode.found
}

async function why(work: Work, part: string): Promise<number> {
  const { cx, setup } = work
  const all = ordered(await work.steps())
  const steps = all.filter((step) => step.id === part)
  const found = steps.length > 0 ? steps : all.filter((step) => step.id.includes(part))
  if (found.length === 0) {
    throw new NocError('NOC_SETUP_STEP', `There is no step with "${part}" in its name.`, {
      hint: `\`noc ${setup.name} why\` shows them all.`,
      exit: exitCode.usage,
    })
  }
  const document = whyDocument(setup, found)
  if (cx.json) cx.out.json(document)
  else print(whyLines(document, work.sheet), work)
  return exitCode.ok
}

async function log(work: Work, run: number | null): Promise<number> {
  const { cx, setup, journal, paint } = work
  const document = logDocument(setup.name, journal, kindsByName(setup.kinds), run)
  if (run !== null && document.runs.length === 0) {
    throw new NocError('NOC_SETUP_RUN', `There is no run ${run}.`, { exit: exitCode.usage })
  }
  const now = systemClock.now()
  if (cx.json) cx.out.json(document)
  else if (run !== null)
    print(
      document.runs.flatMap((one) => runLines(one, now, { ...work.sheet, most: Infinity })),
      work,
    )
  else if (document.runs.length === 0) cx.out.line('Nothing was ever changed by this set-up.')
  else {
    const columns = ['RUN', 'WHEN', 'WHO', 'WHAT', 'OUTCOME', 'CHANGES', 'STANDING'].map((title) => ({ title }))
    const rows = document.runs.map(({ run, at, actor, verb, outcome, acts, standing }) =>
      [run, clock(at, now), actor, verb, outcome, acts.length, standing].map(String),
    )
    print(table(columns, rows, { columns: cx.out.columns(), ink: paint }), work)
  }
  return exitCode.ok
}
