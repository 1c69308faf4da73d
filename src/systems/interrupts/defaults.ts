import type { Thresholds } from './verdicts.ts'

/** `[interrupts]` in nocturne.toml. */
export interface InterruptsConfig extends Thresholds {
  /** Seconds between two samples of the daemon. */
  readonly interval: number
  readonly proc: string
  /** Empty: beside `proc`. */
  readonly sys: string
}

/** What holds without a configuration file; apart from the schema, so that the command needs no schema then. */
export const defaults: InterruptsConfig = {
  interval: 2,
  proc: '/proc',
  sys: '',
  imbalance_rate: 2000,
  imbalance_share: 0.8,
  storm_rate: 150_000,
  storm_factor: 50,
  drop_rate: 1,
}
