/** Everything that a run of the leak test has seen, and what of it an exit relay of this very machine did. Pure. */
import type { BoxKind } from '../wire.ts'
import type { ProbeId } from './probes.ts'
import type { Targets } from './targets.ts'
import type { Arrival, TaskResult } from './tasks.ts'
import type { Left, Sightings } from './watch.ts'

/** A stream that tor told of during the run. */
export interface StreamSeen {
  /** Address that it came from; null when tor didn't say. */
  readonly source: string | null
  /** `198.51.100.7:20123`, as the box asked for it. */
  readonly target: string
}

/** Everything that a run has seen. */
export interface Observations {
  readonly kind: BoxKind
  readonly targets: Targets
  readonly results: readonly TaskResult[]
  /** What left by other interfaces; null where nobody may look (not root). */
  readonly sightings: Sightings | null
  /** Who came to the service on the host. */
  readonly hostArrivals: readonly Arrival[]
  /** Who came to the second box; null when it did not listen. */
  readonly boxArrivals: readonly Arrival[] | null
  readonly otherAddress: string | null
  /** null: tor's control socket could not be used. */
  readonly streams: readonly StreamSeen[] | null
  /** Packets of old flows that left before the rules were back, and by the end. */
  readonly flow: { readonly before: number; readonly after: number } | null
  /** Rows that were not asked, and why. */
  readonly skipped: Partial<Readonly<Record<ProbeId, string>>>
}

/** The same, without what an exit relay of this very machine has sent: that came through Tor. */
export interface Filtered extends Observations {
  /** Addresses that such a relay sends from. */
  readonly exits: ReadonlySet<string>
}

/**
 * A relay of this very machine may be the exit that Tor chose. What it sends is known by this: Tor took the connection
 * or the question for just that target, and no packet to it was forwarded from a box.
 */
export function withoutExits(seen: Observations): Filtered {
  const { sightings, streams, targets } = seen
  if (sightings === null || streams === null) return { ...seen, exits: new Set() }
  const forwarded = new Set(sightings.forwarded.map((one) => `${one.target} ${one.source}`))
  const isLocal = (one: Left): boolean => !forwarded.has(`${one.target} ${one.source}`)
  const took = (host: string): boolean => streams.some(({ target }) => target.startsWith(`${host}:`))
  const local = sightings.left.filter((one) => one.protocol === 'tcp' && isLocal(one))
  const exits = new Set(local.filter((one) => took(one.target)).map((one) => one.source))
  return {
    ...seen,
    exits,
    sightings: {
      ...sightings,
      left: sightings.left.filter((one) => !(local.includes(one) && exits.has(one.source))),
      names: took(targets.name) ? sightings.names.filter((one) => !isLocal(one)) : sightings.names,
    },
  }
}
