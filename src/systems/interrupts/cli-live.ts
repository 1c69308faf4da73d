/** The live screen on a terminal. */
import process from 'node:process'
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode, NocError } from '#core/errors.ts'
import { openScreen } from '#core/tui/screen.ts'
import { ascii } from '#core/tui/text.ts'
import type { Measured } from './delta.ts'
import type { Line } from './parse.ts'
import type { Recording } from './recording.ts'
import { toDocument, type Moment } from './sample.ts'
import { drawScreen, pressed, type Drawn, type ScreenState } from './screen-view.ts'

/** What the screen works with. */
export interface LiveRun {
  readonly flags: { readonly count?: number | undefined; readonly replay?: string | undefined }
  readonly state: ScreenState
  readonly cx: CommandContext
  readonly recording: Recording | null
  /** Ends the moments, timers included. */
  readonly stop: AbortController
}

function copied(measured: Measured): Measured {
  const { counts, rates, lineRates, lineTotals, cpuRates } = measured
  return {
    ...measured,
    counts: { ...counts, values: counts.values.slice() },
    rates: rates.slice(),
    lineRates: lineRates.slice(),
    lineTotals: lineTotals.slice(),
    cpuRates: cpuRates.slice(),
  }
}

/** A moment that stays as it is while sampling goes on. */
function frozen(moment: Moment): Moment {
  const { sample, topology, verdicts } = moment
  const trends = new Map<Line, readonly number[]>(
    sample.interrupts.counts.lines.map((line) => [line, moment.recent(line)]),
  )
  return {
    sample: { ...sample, interrupts: copied(sample.interrupts), softirqs: sample.softirqs && copied(sample.softirqs) },
    topology,
    verdicts,
    recent: (line) => trends.get(line) ?? [],
  }
}

/** Shows moments until `q`, the count, or the signal, which `run.stop` is part of. */
export async function liveScreen(
  run: LiveRun,
  moments: AsyncIterable<Moment | NocError>,
  signal: AbortSignal,
): Promise<number> {
  const { cx, flags, stop } = run
  const { out } = cx
  const keysWork = cx.stdin.isTTY
  let state = run.state
  let moment: Moment | null = null
  let drawn: Drawn = { lines: [], rows: 0, page: 1, cpus: 0, cpuPage: 0 }

  const draw = (): void => {
    if (!moment) return
    const style = { columns: screen.columns, unicode: out.unicode, ink: out.ink }
    drawn = drawScreen(state, moment, style, screen.rows)
    screen.draw(out.unicode ? drawn.lines : drawn.lines.map(ascii))
  }
  const onKey = (key: string): void => {
    if (key === 'ctrl-c' || (key === 'q' && state.typed === null)) {
      stop.abort()
      return
    }
    const before = state
    state = pressed(state, key, drawn)
    if (state.frozen && !before.frozen && moment) moment = frozen(moment)
    draw()
  }
  const iterator = moments[Symbol.asyncIterator]()
  // The first sample comes before the screen: what can't be read at all is said in the terminal itself.
  let next = await iterator.next()
  const screen = openScreen({ stdin: cx.stdin, output: { stdout: process.stdout }, signal, onKey, onResize: draw })
  const stopped = new Promise<{ readonly done: true; readonly value: undefined }>((resolve) => {
    signal.addEventListener('abort', () => resolve({ done: true, value: undefined }), { once: true })
  })
  try {
    for (let samples = 0; next.done !== true && samples < (flags.count ?? Infinity);) {
      if (next.value instanceof NocError) state = { ...state, notice: next.value.message }
      else {
        samples += 1
        run.recording?.keep(toDocument(next.value.sample, next.value.topology, next.value.verdicts))
        state = { ...state, notice: '' }
        if (!state.frozen) moment = next.value
      }
      draw()
      next = signal.aborted ? await stopped : await Promise.race([iterator.next(), stopped])
    }
    if (flags.replay !== undefined && keysWork && !signal.aborted) {
      state = { ...state, notice: 'end of the recording' }
      draw()
      await stopped
    }
  } finally {
    screen.close()
    stop.abort()
    await iterator.return?.()
  }
  return exitCode.ok
}
