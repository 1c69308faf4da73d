/** When the next consensus is fetched, and whether hourly fetching is on. Pure. */

/** First wait after a fetch that failed or brought nothing new, ms; each further one doubles it. */
const RETRY_MS = 5 * 60_000
/** Longest wait after failures, ms. */
const LONGEST_RETRY_MS = 60 * 60_000

/** What the next fetch depends on. Times are ms since 1970. */
export interface ScheduleFacts {
  readonly now: number
  /** Of the newest consensus; null: there is none. */
  readonly consensus: { readonly validAfter: number; readonly freshUntil: number } | null
  /** Fetches in a row that failed or brought nothing new. */
  readonly failures: number
  /** 0 to 1, drawn anew for each plan. */
  readonly random: number
}

/**
 * When to fetch next. While the consensus is fresh: at a random time in the first half of the interval after that, as
 * directory caches do (dir-spec, "Downloading consensuses": everybody at once would be an attack). Otherwise soon,
 * then ever less often.
 */
export function nextFetch({ now, consensus, failures, random }: ScheduleFacts): number {
  if (consensus !== null && consensus.freshUntil > now) {
    const interval = consensus.freshUntil - consensus.validAfter
    return consensus.freshUntil + (random * interval) / 2
  }
  if (failures === 0) return now
  const interval = consensus === null ? LONGEST_RETRY_MS : consensus.freshUntil - consensus.validAfter
  const wait = Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS, interval)
  return now + wait * (0.5 + random)
}

/** What the operator chose on the page, and what the configuration said when that was. */
export interface Choice {
  readonly hourly: boolean
  readonly configured: boolean
}

/** Whether to fetch every hour: the later word counts, so a change of the configuration overrides the page. */
export function isHourly(configured: boolean, choice: Choice | null): boolean {
  return choice !== null && choice.configured === configured ? choice.hourly : configured
}

/** Reads a choice that was kept; null for anything else. */
export function parseChoice(text: string): Choice | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('hourly' in value) || !('configured' in value)) return null
    const { hourly, configured } = value
    return typeof hourly === 'boolean' && typeof configured === 'boolean' ? { hourly, configured } : null
  } catch {
    return null
  }
}
