import type { Severity, Verdict } from '../verdict.ts'

/** Most open alerts of one system: more would be a list nobody reads. */
export const MAX_OPEN = 500
/** An open alert's figures are written at most this often, ms: text that counts on must not write each second. */
export const REFRESH_MS = 10_000

/** Both clocks at one moment: wall clock for what is kept, monotonic for intervals. */
export interface Moment {
  readonly now: number
  readonly monotonic: number
}

/** What the book remembers of an open alert between two looks. */
export interface OpenAlert {
  readonly id: number
  readonly since: number
  readonly severity: Severity
  /** Monotonic time of the last verdict that was as severe as `severity`. */
  readonly severeAt: number
  /** Monotonic time of the last write. */
  readonly writtenAt: number
  /** When it was last seen to be so, ms since 1970. */
  readonly seen: number
  /** The first look without it; null while it is there. */
  readonly missing: Moment | null
}

/** Something to write. `clear.at` is when the trouble was first seen to be gone. */
export type Write =
  | { readonly kind: 'raise'; readonly verdict: Verdict }
  | { readonly kind: 'rise' | 'update'; readonly id: number; readonly severity: Severity; readonly verdict: Verdict }
  | { readonly kind: 'clear'; readonly id: number; readonly seen: number; readonly at: number }

/** One verdict a key, the critical ones first. */
function worstFirst(verdicts: readonly Verdict[]): readonly Verdict[] {
  const byKey = new Map<string, Verdict>()
  for (const verdict of verdicts)
    if (!byKey.has(verdict.key) || verdict.severity === 'critical') byKey.set(verdict.key, verdict)
  return [...byKey.values()].toSorted((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'))
}

/**
 * Compares what is wrong now with the alerts that are open, pure. A finding that is missing, or less severe, for less
 * than `holdMs` stays what it was, so that one that flickers is one alert.
 */
export function reconcile(
  open: ReadonlyMap<string, OpenAlert>,
  verdicts: readonly Verdict[],
  moment: Moment,
  holdMs: number,
): { readonly open: Map<string, OpenAlert>; readonly writes: readonly Write[] } {
  const { now, monotonic } = moment
  const next = new Map<string, OpenAlert>()
  const writes: Write[] = []
  const fresh: Verdict[] = []
  for (const verdict of worstFirst(verdicts)) {
    const known = open.get(verdict.key)
    if (!known) {
      fresh.push(verdict)
      continue
    }
    const fell = verdict.severity === 'warning' && known.severity === 'critical'
    const held = fell && monotonic - known.severeAt < holdMs
    const severity = held ? known.severity : verdict.severity
    const due = severity !== known.severity || monotonic - known.writtenAt >= REFRESH_MS
    if (due)
      writes.push({ kind: severity !== known.severity && !fell ? 'rise' : 'update', id: known.id, severity, verdict })
    next.set(verdict.key, {
      ...known,
      severity,
      severeAt: held ? known.severeAt : monotonic,
      writtenAt: due ? monotonic : known.writtenAt,
      seen: now,
      missing: null,
    })
  }
  for (const [key, known] of open) {
    if (next.has(key)) continue
    const missing = known.missing ?? moment
    if (monotonic - missing.monotonic < holdMs) next.set(key, { ...known, missing })
    else writes.push({ kind: 'clear', id: known.id, seen: known.seen, at: missing.now })
  }
  for (const verdict of fresh.slice(0, Math.max(0, MAX_OPEN - next.size))) writes.push({ kind: 'raise', verdict })
  return { open: next, writes }
}
