/** Time, handed in so that domain code and tests decide what time it is. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number
  /** Monotonic milliseconds; for intervals, never goes back. */
  monotonic(): number
}

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
