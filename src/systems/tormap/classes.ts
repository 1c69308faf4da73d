/** Which classes a relay is in. Pure. */
import type { RelayEntry } from '#proto/tordir/types.ts'
import { MODERN_CLASSES, type ModernClass, type OriginalClass } from './types.ts'

/**
 * Observed bandwidth from which on an exit or stable relay is `Fast`, bytes a second: the limit that the original map
 * had last (2017; until 2012 it was 1,000,000). The consensus' own flag Fast means far less.
 */
export const FAST_BYTES_PER_SECOND = 5_000_000

const DAY_MS = 86_400_000

/**
 * The one original class of a relay: the first that fits, in the order of ORIGINAL_CLASSES. Without a descriptor the
 * observed bandwidth is unknown (null), and such a relay is never fast. `named` is from 2012; authorities stopped to
 * give that flag, so that only old consensuses have such relays.
 */
export function originalClass(entry: RelayEntry, observed: number | null): OriginalClass {
  const { flags } = entry
  const fast = observed !== null && observed >= FAST_BYTES_PER_SECOND
  if (flags.includes('BadExit')) return 'badExit'
  if (flags.includes('Authority')) return 'authority'
  if (flags.includes('Exit')) return fast ? 'exitFast' : 'exit'
  if (flags.includes('Stable')) return fast ? 'stableFast' : 'stable'
  return flags.includes('Named') ? 'named' : 'other'
}

/** What `modernClasses` needs beside the consensus' entry. */
export interface ModernFacts {
  /** All addresses beside the first, those of the descriptors too: `[2001:db8::1]:9001`. */
  readonly otherAddresses: readonly string[]
  /** First hour in which the relay was seen, ms since 1970; null when unknown. */
  readonly firstSeen: number | null
  /** The hour of the map, ms since 1970. */
  readonly validAfter: number
}

/** The modern classes of a relay; it can be in several or in none. A middle is neither a guard nor a usable exit. */
export function modernClasses(entry: RelayEntry, facts: ModernFacts): readonly ModernClass[] {
  const { flags } = entry
  const guard = flags.includes('Guard')
  const exit = flags.includes('Exit') && !flags.includes('BadExit')
  let set = 0
  const add = (name: ModernClass): void => void (set |= 1 << MODERN_CLASSES.indexOf(name))
  if (guard) add('guard')
  if (!guard && !exit) add('middle')
  if (flags.includes('HSDir')) add('hsDir')
  if (entry.unmeasured) add('unmeasured')
  if (facts.firstSeen !== null && facts.validAfter - facts.firstSeen < DAY_MS) add('newToday')
  if (facts.otherAddresses.some((address) => address.startsWith('['))) add('dualStack')
  return SETS[set] ?? []
}

/** Every combination once: thousands of relays share the same few lists. */
const SETS: readonly (readonly ModernClass[])[] = Array.from({ length: 1 << MODERN_CLASSES.length }, (_, set) =>
  MODERN_CLASSES.filter((_, bit) => (set >> bit) & 1),
)
