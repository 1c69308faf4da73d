/** `noc interrupts`: live screen, tables for pipes, JSON, recordings. */
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { exitCode, NocError } from '#core/errors.ts'
import type { Output } from '#core/cli/output.ts'
import { defaults, type InterruptsConfig } from './defaults.ts'
import { formatCpuList, parseCpuList } from './cpu-list.ts'
import type { ShowInput } from './index.ts'
import { liveMoments, replayMoments } from './moments.ts'
import type { Recording } from './recording.ts'
import { toDocument, type Moment } from './sample.ts'
import { createSampler, findRoots } from './sampler.ts'
import { cpuPlaces, parseFilter, type ScreenState } from './screen-view.ts'
import { matches, selectCpus, selectRows } from './select.ts'
import { answerLine, figuresLine, findings, heat, list, type Style } from './text-view.ts'
import { answerOf } from './view.ts'

type Flags = ShowInput['flags']

const DEFAULT_INTERVAL_SECONDS = 1
/** A pipe has no width: nothing is left out there. */
const PIPE_COLUMNS = 100_000
/** Lines that are written at once. */
const BLOCK_LINES = 50

function usage(message: string, hint: string): NocError {
  return new NocError('NOC_INTERRUPTS_USAGE', message, { hint, exit: exitCode.usage })
}

function startState(flags: Flags): ScreenState {
  const only = flags.cpus === undefined ? null : parseCpuList(flags.cpus)
  if (flags.cpus !== undefined && (only === null || only.length === 0)) {
    throw usage(`--cpus takes a list of processors, not "${flags.cpus}"`, 'Write it like 0,4-7.')
  }
  const filter = flags.filter === undefined ? null : parseFilter(flags.filter)
  if (flags.filter !== undefined && filter === null) {
    throw usage(`--filter takes a regular expression, and "${flags.filter}" is none`, 'Write it like eth0-TxRx.')
  }
  if (flags.all && flags.total) throw usage('--all and --total exclude each other', 'Take one of them.')
  return {
    view: flags.heat ? 'heat' : 'list',
    cpus: flags.total ? 'none' : flags.all || only !== null ? 'all' : 'few',
    only: only && new Set(only),
    sort: flags.sort ?? 'rate',
    filter,
    typed: null,
    top: 0,
    left: 0,
    frozen: false,
    notice: '',
  }
}

/** One table with its answer above, line by line. */
function* batch(moment: Moment, state: ScreenState, style: Style): Generator<string> {
  const sample = selectCpus(moment.sample, state.only)
  const all = selectRows(sample.interrupts, state.filter, state.sort)
  // What was asked for by name is shown also when it is quiet; so is everything while there are no rates.
  const quiet = state.filter !== null || moment.sample.seconds === 0
  const rows = quiet ? all : all.filter((row) => (sample.interrupts.lineRates[row] ?? 0) > 0)
  yield answerLine(answerOf(moment.sample, moment.verdicts), style)
  yield `${new Date(moment.sample.at).toISOString()}  ${figuresLine(moment, style)}`
  yield ''
  if (state.view === 'heat') yield* heat(moment, sample.interrupts, rows, style)
  else yield* list(moment, sample.interrupts, { rows, cpus: cpuPlaces(sample, state.cpus), trend: false }, style)
  if (rows.length < all.length) yield style.ink('faint', `${all.length - rows.length} lines did not interrupt`)
  yield ''
  yield* findings(moment.verdicts, style)
}

/** Prints lines a block at a time: one write a line costs more than the line, and all at once as much memory. */
function printLines(lines: Iterable<string>, out: Output): void {
  const block: string[] = []
  const flush = (): void => {
    if (block.length === 0) return
    out.line(block.join('\n'))
    block.length = 0
  }
  for (const line of lines) if (block.push(line) >= BLOCK_LINES) flush()
  flush()
}

/** The moments as they come, when the first one can be read and has one of the processors asked for. */
async function* checked(
  moments: AsyncIterable<Moment | NocError>,
  only: ReadonlySet<number> | null,
): AsyncGenerator<Moment | NocError> {
  let first = true
  for await (const moment of moments) {
    if (first) {
      if (moment instanceof NocError) throw moment
      const { cpus } = moment.sample.interrupts.counts
      if (only !== null && !cpus.some((cpu) => only.has(cpu))) {
        throw usage('None of the processors of --cpus is online', `Online: ${formatCpuList(cpus)}.`)
      }
      first = false
    }
    yield moment
  }
}

function json(moment: Moment, state: ScreenState): unknown {
  const document = toDocument(selectCpus(moment.sample, state.only), moment.topology, moment.verdicts)
  if (state.filter === null) return document
  const { lines } = moment.sample.interrupts.counts
  return {
    ...document,
    interrupts: document.interrupts.filter((_, row) => lines[row] && matches(lines[row], state.filter)),
  }
}

interface Run {
  readonly flags: Flags
  readonly state: ScreenState
  readonly cx: CommandContext
  readonly recording: Recording | null
  /** Ends the moments, timers included. */
  readonly stop: AbortController
}

/** Prints until the end, the count or the signal; true when something was found. */
async function print(run: Run, moments: AsyncIterable<Moment | NocError>): Promise<boolean> {
  const { flags, state, cx } = run
  const { out } = cx
  const style: Style = { columns: out.terminal ? out.columns() : PIPE_COLUMNS, unicode: out.unicode, ink: out.ink }
  // Without rates nothing can be judged.
  const wanted = Math.max(flags.count ?? Infinity, flags.check && cx.json ? 2 : 1)
  let printed = 0
  let found = false
  for await (const moment of moments) {
    if (moment instanceof NocError) {
      out.note(`noc: ${moment.message}`)
      continue
    }
    run.recording?.keep(toDocument(moment.sample, moment.topology, moment.verdicts))
    found ||= moment.verdicts.length > 0
    if (cx.json) out.json(json(moment, state))
    // The first reading has nothing to compare with; tables show rates.
    else if (moment.sample.seconds > 0 || flags.replay !== undefined) printLines(batch(moment, state, style), out)
    else continue
    printed += 1
    if (printed >= wanted) break
  }
  return found
}

/** The bare command. */
export async function show({ flags }: ShowInput, cx: CommandContext): Promise<number> {
  const state = startState(flags)
  if (flags.replay !== undefined && flags.record !== undefined) {
    throw usage('--replay and --record exclude each other', 'A recording is copied with cp.')
  }
  // One sample needs no screen that vanishes at once.
  const terminal = cx.out.terminal && process.env['TERM'] !== 'dumb'
  const live = terminal && !flags.batch && !cx.json && !flags.check && flags.count !== 1
  // Neither a terminal nor --batch: one table, then done. --check needs an end too.
  const once = !live && !flags.batch && !cx.json && flags.replay === undefined
  const count = flags.count ?? (once || (flags.check && flags.replay === undefined) ? 1 : undefined)
  const stop = new AbortController()
  // Said at the end: a live screen has no room beside it.
  const notes: string[] = []
  const recordings = flags.record !== undefined || flags.replay !== undefined ? await import('./recording.ts') : null
  const signal = AbortSignal.any([cx.signal, stop.signal])
  const moments =
    recordings && flags.replay !== undefined
      ? replayMoments(
          recordings.readRecording(flags.replay, (text) => notes.push(text)),
          live,
          signal,
        )
      : await machineMoments(flags, cx, live, signal)
  const recording = recordings && flags.record !== undefined ? recordings.createRecording(flags.record) : null
  const run: Run = { flags: { ...flags, count }, state, cx, recording, stop }
  try {
    if (live) {
      const { liveScreen } = await import('./cli-live.ts')
      return await liveScreen(run, checked(moments, state.only), signal)
    }
    const found = await print(run, checked(moments, state.only))
    return flags.check && found ? exitCode.found : exitCode.ok
  } finally {
    recording?.close()
    notes.forEach((text) => cx.out.note(text))
  }
}

async function machineMoments(
  flags: Flags,
  cx: CommandContext,
  live: boolean,
  signal: AbortSignal,
): Promise<AsyncGenerator<Moment | NocError>> {
  // Nothing to read, nothing to load for it: a screen that runs all night stays small.
  const config = cx.configFile() === undefined ? defaults : await cx.config<InterruptsConfig>()
  const proc = flags.proc ?? config.proc
  // Another /proc given here has its own /sys, not the one of the configuration.
  const sys = flags.sys ?? (flags.proc === undefined && config.sys !== '' ? config.sys : undefined)
  const sampler = createSampler(findRoots(proc, sys), systemClock)
  const interval = flags.interval ?? DEFAULT_INTERVAL_SECONDS
  return liveMoments(sampler, config, { interval, early: live, signal, clock: systemClock })
}
