import * as v from 'valibot'
import type { ConfigTable } from '#core/config/table.ts'

/** Other limits for one program or remote; the first entry that fits counts. */
export interface Limit {
  /** Process name; absent: any. */
  readonly process?: string | undefined
  /** Address, or address and port; absent: any. */
  readonly remote?: string | undefined
  readonly warning?: number | undefined
  readonly critical?: number | undefined
  /** Never a finding. */
  readonly ignore?: boolean | undefined
}

/** `[connections]` in nocturne.toml. */
export interface ConnectionsConfig {
  /** Seconds between two looks of the daemon. */
  readonly interval: number
  readonly source: 'auto' | 'netlink' | 'ss' | 'proc'
  /** Stuck connections of one program to one remote that make a warning, and a critical finding. */
  readonly warning: number
  readonly critical: number
  /** Seconds without an answer after which a connection counts as stuck. */
  readonly silent_after: number
  readonly limits: readonly Limit[]
}

const number = (minimum: number, maximum: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.minValue(minimum), v.maxValue(maximum))

const limit = v.strictObject({
  process: v.optional(v.string()),
  remote: v.optional(v.string()),
  warning: v.optional(number(1, 1e6)),
  critical: v.optional(number(1, 1e6)),
  ignore: v.optional(v.boolean()),
})

/** The table `[connections]`. */
export const connectionsTable: ConfigTable<ConnectionsConfig> = {
  schema: v.strictObject({
    interval: v.optional(v.pipe(number(1, 3600), v.description('Seconds between two looks')), 10),
    source: v.optional(
      v.pipe(
        v.picklist(['auto', 'netlink', 'ss', 'proc']),
        v.description('Where sockets are read from; auto takes the best that works'),
      ),
      'auto',
    ),
    warning: v.optional(
      v.pipe(number(1, 1e6), v.description('Stuck connections of one program to one remote that are worth a warning')),
      10,
    ),
    critical: v.optional(
      v.pipe(number(1, 1e6), v.description('Stuck connections of one program to one remote that cannot wait')),
      100,
    ),
    silent_after: v.optional(
      v.pipe(number(5, 86_400), v.description('Seconds without an answer after which a connection counts as stuck')),
      60,
    ),
    limits: v.optional(
      v.pipe(
        v.array(limit),
        v.description(
          'Other limits for one program or remote, e.g. { process = "php-fpm", remote = "192.0.2.1:9000", warning = 200 } or { remote = "192.0.2.2", ignore = true }',
        ),
      ),
      [],
    ),
  }),
}
