/** What is said of classes that depend on bandwidths where those are not known; for commands, pictures and the page. */
import { count } from '#core/units.ts'
import type { OriginalClass } from '../types.ts'
import type { HourWire } from '../wire.ts'

/** Share of relays of known bandwidth from which on it goes without saying. */
const MOST_OBSERVED = 0.9

/** What a map without (or with few) server descriptors can't tell, in one sentence; null when it can. */
export function fastUnknown({ observed, relays }: Pick<HourWire, 'observed' | 'relays'>): string | null {
  if (observed >= relays * MOST_OBSERVED) return null
  const whose = observed === 0 ? 'no relay' : `${count(observed)} of ${count(relays)} relays`
  const rest = observed === 0 ? 'All' : 'The others'
  return `Fast or not is known of ${whose}: that takes server descriptors. ${rest} count as not fast.`
}

/** Stands for a number that nobody knows. */
export const UNKNOWN = 'unknown'

/** How many relays are in a class, for people; UNKNOWN of what depends on bandwidths where none is known. */
export function classCount({ observed, classes }: Pick<HourWire, 'observed' | 'classes'>, name: OriginalClass): string {
  const fast = name === 'exitFast' || name === 'stableFast'
  return fast && observed === 0 ? UNKNOWN : count(classes.original[name])
}
