/** Attempts that go on right now, told from those that the counters only remember. Pure. */
import type { Dropped } from '../wire.ts'

/** How long an attempt counts as going on after its last packet, ms. */
const WINDOW_MS = 10 * 60_000

/** An attempt that goes on, with the packets since we watch it. */
export interface RecentAttempt extends Dropped {
  /** ms since 1970. */
  readonly first: number
  readonly last: number
}

/** Remembers the counters. */
export interface Recent {
  /** Tells the counters at `at`; gives the attempts that had packets within the last minutes. */
  note(at: number, dropped: readonly Dropped[]): readonly RecentAttempt[]
}

interface Known {
  /** The counter at the last look. */
  counter: number
  packets: number
  first: number
  last: number
}

/** Makes an empty memory. What the first look finds may be hours old: it counts from the second on. */
export function recentAttempts(): Recent {
  let known = new Map<string, Known>()
  let begun = false
  return {
    note(at, dropped) {
      const next = new Map<string, Known>()
      const going: RecentAttempt[] = []
      for (const attempt of dropped) {
        const key = JSON.stringify([attempt.box, attempt.source, attempt.protocol, attempt.target, attempt.port])
        const before = known.get(key) ?? {
          counter: begun ? 0 : attempt.packets,
          packets: 0,
          first: at,
          last: -Infinity,
        }
        // A counter that is smaller than before began anew.
        const more = attempt.packets >= before.counter ? attempt.packets - before.counter : attempt.packets
        const packets = before.packets + more
        const entry = { ...before, counter: attempt.packets, packets, last: more > 0 ? at : before.last }
        next.set(key, entry)
        if (at - entry.last <= WINDOW_MS) going.push({ ...attempt, packets, first: entry.first, last: entry.last })
      }
      known = next
      begun = true
      return going
    },
  }
}
