import * as v from 'valibot'
import type { ConfigTable } from '#core/config/table.ts'
import type { Thresholds } from './verdicts.ts'

/** `[interrupts]` in nocturne.toml. */
export interface InterruptsConfig extends Thresholds {
  /** Seconds between two samples of the daemon. */
  readonly interval: number
  readonly proc: string
  /** Empty: beside `proc`. */
  readonly sys: string
}

const number = (minimum: number, maximum: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.minValue(minimum), v.maxValue(maximum))

/** The table `[interrupts]`. */
export const interruptsTable: ConfigTable<InterruptsConfig> = {
  schema: v.strictObject({
    interval: v.optional(v.pipe(number(0.2, 3600), v.description('Seconds between two samples')), 2),
    proc: v.optional(v.pipe(v.string(), v.minLength(1), v.description('Directory to read as /proc')), '/proc'),
    sys: v.optional(v.pipe(v.string(), v.description('Directory to read as /sys; empty: the one beside proc')), ''),
    imbalance_rate: v.optional(
      v.pipe(
        number(1, 1e9),
        v.description('Interrupts a second of one device below which nobody minds where they land'),
      ),
      2000,
    ),
    imbalance_share: v.optional(
      v.pipe(number(0.1, 1), v.description('Share of them on one processor from which on that is an imbalance')),
      0.8,
    ),
    storm_rate: v.optional(
      v.pipe(number(1, 1e9), v.description('Interrupts a second of one line that are a storm in any case')),
      150_000,
    ),
    storm_factor: v.optional(
      v.pipe(number(2, 1e6), v.description('Times its own usual rate from which on a busy line is a storm')),
      50,
    ),
    drop_rate: v.optional(
      v.pipe(
        number(0.01, 1e9),
        v.description('Packets a second dropped before any program saw them that are worth a warning'),
      ),
      1,
    ),
  }),
}
