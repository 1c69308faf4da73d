/** What is remembered from sample to sample: histories, usual rates, standing verdicts. Pure. */
import type { Verdict } from '#core/verdict.ts'
import { createHistory, median } from './history.ts'
import type { Line } from './parse.ts'
import type { Machine, Sample } from './sample.ts'
import type { Softnet } from './softnet.ts'
import { judge, type Thresholds } from './verdicts.ts'

/** Samples a history line shows. */
export const HISTORY_SAMPLES = 60
/** Seconds that one figure of the usual rate stands for, and how many of them are kept: half an hour. */
const USUAL_SECONDS = 30
const USUAL_FIGURES = 60
/** Figures below which a usual rate is not known: five minutes. */
const USUAL_ENOUGH = 10
/** Seconds over which dropped packets are averaged. */
const DROPS_SECONDS = 10

/** Follows the samples of one machine. */
export interface Watch {
  /** Takes the next sample and judges it. */
  take(sample: Sample): readonly Verdict[]
  /** Newest rates of a line, oldest first. */
  recent(line: Line): number[]
}

/** A watch with empty memory. */
export function createWatch(machine: Machine, thresholds: Thresholds): Watch {
  const history = createHistory(HISTORY_SAMPLES)
  const usual = createHistory(USUAL_FIGURES)
  let sinceUsual = 0
  let softnet: Softnet | null = null
  let standing: ReadonlySet<string> = new Set()

  const remember = (sample: Sample): void => {
    const { counts, lineRates } = sample.interrupts
    history.push(counts.lines, lineRates)
    sinceUsual += sample.seconds
    if (sinceUsual < USUAL_SECONDS) return
    const samples = Math.ceil(USUAL_SECONDS / sample.seconds)
    usual.push(
      counts.lines,
      Float64Array.from(counts.lines, (line) => median(history.of(line).slice(-samples))),
    )
    sinceUsual = 0
  }
  const follow = (now: Softnet | null, seconds: number): Softnet | null => {
    if (!now || !softnet) return now
    const weight = Math.min(1, seconds / DROPS_SECONDS)
    const mix = (old: number, fresh: number): number => old + (fresh - old) * weight
    return { dropped: mix(softnet.dropped, now.dropped), squeezed: mix(softnet.squeezed, now.squeezed) }
  }
  return {
    recent: (line) => history.of(line),
    take(sample) {
      if (sample.seconds === 0) return []
      remember(sample)
      softnet = follow(sample.softnet, sample.seconds)
      const verdicts = judge(
        {
          sample,
          machine,
          softnet,
          standing,
          recent: (line) => history.of(line),
          usual(line) {
            const figures = usual.of(line)
            return figures.length < USUAL_ENOUGH ? null : median(figures)
          },
        },
        thresholds,
      )
      standing = new Set(verdicts.map((verdict) => verdict.key))
      return verdicts
    },
  }
}
