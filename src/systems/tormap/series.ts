import type { SeriesStore } from '#core/series/types.ts'
import { countClasses } from './history/counts.ts'
import { ORIGINAL_CLASSES, type RelayMap } from './types.ts'

/** Seconds between two points: a consensus comes every hour. */
const STEP_S = 3600

/** Writes hours into the daemon's own series, for the home page; the map's graphs come from its history. */
export interface TormapSeries {
  record(map: RelayMap): void
}

/** Announces `tormap.relays`, `tormap.bandwidth` and `tormap.relays.<class>`. */
export function tormapSeries(store: SeriesStore): TormapSeries {
  store.define({ name: 'tormap.relays', unit: '', step: STEP_S })
  store.define({ name: 'tormap.bandwidth', unit: 'B/s', step: STEP_S })
  for (const name of ORIGINAL_CLASSES) store.define({ name: `tormap.relays.${name}`, unit: '', step: STEP_S })
  return {
    record: (map) => {
      const { validAfter } = map.consensus
      const { relays, bandwidth } = countClasses(map)
      store.record('tormap.relays', validAfter, map.relays.length)
      const known = ORIGINAL_CLASSES.map((name) => bandwidth[name]).filter((value) => value !== null)
      if (known.length > 0)
        store.record(
          'tormap.bandwidth',
          validAfter,
          known.reduce((sum, value) => sum + value, 0),
        )
      for (const name of ORIGINAL_CLASSES) store.record(`tormap.relays.${name}`, validAfter, relays[name])
    },
  }
}
