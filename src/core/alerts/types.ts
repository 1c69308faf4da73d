import type { Severity, Verdict } from '../verdict.ts'

/** An alert as it is kept, shown and delivered. Plain JSON. Times are ms since 1970. */
export interface Alert extends Verdict {
  readonly id: number
  readonly system: string
  /** When the trouble began. */
  readonly since: number
  /** When it was last seen to be so. */
  readonly seen: number
  /** When it was over; null while it is not. */
  readonly cleared: number | null
  readonly acknowledged: { readonly at: number; readonly by: string } | null
  /** No delivery before this time; null: not silenced. */
  readonly silencedUntil: number | null
}

/** A system's side of the alerts. */
export interface AlertBook {
  /**
   * Tells what is wrong right now: new verdicts are raised, known ones updated, missing ones cleared
   * (after a hold time, so that a finding that flickers is one alert).
   */
  sync(verdicts: readonly Verdict[]): void
  /** Since when this trouble has been going on; null when it is not. */
  since(key: string): number | null
  /** Something happened that the night line should show; not a trouble. */
  event(event: { readonly severity: Severity | 'info'; readonly text: string }): void
}

/** A point on the night line. */
export interface NightEvent {
  readonly id: number
  readonly at: number
  readonly system: string
  readonly severity: Severity | 'info' | 'ok'
  readonly text: string
}
