/** A token bucket: so many at once, then evenly. Pure; times are monotonic ms. */
export interface Bucket {
  /** Whole tokens at `now`. */
  tokens(now: number): number
  /** Takes one, which must be there. */
  take(): void
  /** From `now` until the next token, ms; 0 when there is one. */
  wait(now: number): number
}

/** A full bucket of `perMinute` tokens, which fills up at that rate. */
export function createBucket(perMinute: number, start: number): Bucket {
  const each = 60_000 / perMinute
  let level = perMinute
  let filled = start
  const fill = (now: number): void => {
    level = Math.min(perMinute, level + Math.max(0, now - filled) / each)
    filled = Math.max(filled, now)
  }
  return {
    tokens: (now) => {
      fill(now)
      // Fractions add up to 0.9999999 of a token now and then.
      return Math.floor(level + 1e-6)
    },
    take: () => void (level -= 1),
    wait: (now) => {
      fill(now)
      return level + 1e-6 >= 1 ? 0 : Math.ceil((1 - level) * each)
    },
  }
}
