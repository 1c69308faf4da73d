/** Moments over time: from this machine at an interval, or from a recording. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#core/clock.ts'
import { NocError } from '#core/errors.ts'
import { createHistory } from './history.ts'
import type { Line } from './parse.ts'
import { fromDocument, type Moment } from './sample.ts'
import type { Sampler } from './sampler.ts'
import { createWatch, HISTORY_SAMPLES } from './watch.ts'
import type { Thresholds } from './verdicts.ts'
import type { InterruptsSample } from './wire.ts'

/** Seconds to the second sample of a live screen, so that rates show soon. */
const FIRST_INTERVAL = 0.3

/** How samples follow each other. */
export interface Pace {
  /** Seconds. */
  readonly interval: number
  /** Take the second sample early. */
  readonly early: boolean
  readonly signal: AbortSignal
  readonly clock: Clock
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  // An abort is the normal end here.
  return await pause(Math.max(0, ms), true, { signal }).catch(() => false)
}

/** This machine's moments until the signal. A sample that can't be read is given as its error; the next is tried. */
export async function* liveMoments(
  sampler: Sampler,
  thresholds: Thresholds,
  pace: Pace,
): AsyncGenerator<Moment | NocError> {
  const watch = createWatch(sampler.machine, thresholds)
  const start = pace.clock.monotonic()
  let due = start
  for (let samples = 0; !pace.signal.aborted; samples += 1) {
    try {
      const sample = sampler.read()
      const verdicts = watch.take(sample)
      yield { sample, topology: sampler.machine, verdicts, recent: watch.recent }
    } catch (error) {
      if (!(error instanceof NocError)) throw error
      yield error
    }
    due += (samples === 0 && pace.early ? Math.min(FIRST_INTERVAL, pace.interval) : pace.interval) * 1000
    // Behind by more than an interval (a suspended machine): go on from now instead of catching up.
    const now = pace.clock.monotonic()
    if (due < now) due = now
    if (!(await waited(due - now, pace.signal))) return
  }
}

/** A recording's moments; `timed` waits as long as the recorder did. */
export async function* replayMoments(
  documents: AsyncIterable<InterruptsSample>,
  timed: boolean,
  signal: AbortSignal,
): AsyncGenerator<Moment> {
  const known = new Map<string, Line>()
  const history = createHistory(HISTORY_SAMPLES)
  for await (const document of documents) {
    if (timed && !(await waited(document.interval * 1000, signal))) return
    const { sample, topology } = fromDocument(document, known)
    if (sample.seconds > 0) history.push(sample.interrupts.counts.lines, sample.interrupts.lineRates)
    yield { sample, topology, verdicts: document.verdicts, recent: (line) => history.of(line) }
  }
}
