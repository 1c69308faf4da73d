import * as v from 'valibot'
import type { ConfigTable } from '#core/config/table.ts'
import { defaults, type InterruptsConfig } from './defaults.ts'

const number = (minimum: number, maximum: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.minValue(minimum), v.maxValue(maximum))

/** The table `[interrupts]`. */
export const interruptsTable: ConfigTable<InterruptsConfig> = {
  schema: v.strictObject({
    interval: v.optional(v.pipe(number(0.2, 3600), v.description('Seconds between two samples')), defaults.interval),
    proc: v.optional(v.pipe(v.string(), v.minLength(1), v.description('Directory to read as /proc')), defaults.proc),
    sys: v.optional(
      v.pipe(v.string(), v.description('Directory to read as /sys; empty: the one beside proc')),
      defaults.sys,
    ),
    imbalance_rate: v.optional(
      v.pipe(
        number(1, 1e9),
        v.description('Interrupts a second of one device below which nobody minds where they land'),
      ),
      defaults.imbalance_rate,
    ),
    imbalance_share: v.optional(
      v.pipe(number(0.1, 1), v.description('Share of them on one processor from which on that is an imbalance')),
      defaults.imbalance_share,
    ),
    storm_rate: v.optional(
      v.pipe(number(1, 1e9), v.description('Interrupts a second of one line that are a storm in any case')),
      defaults.storm_rate,
    ),
    storm_factor: v.optional(
      v.pipe(number(2, 1e6), v.description('Times its own usual rate from which on a busy line is a storm')),
      defaults.storm_factor,
    ),
    drop_rate: v.optional(
      v.pipe(
        number(0.01, 1e9),
        v.description('Packets a second dropped before any program saw them that are worth a warning'),
      ),
      defaults.drop_rate,
    ),
  }),
}
