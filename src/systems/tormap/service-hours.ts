/** The hours that the page can show: the history's, or the sample's for as long as the history is empty. */
import { NocError, exitCode } from '#core/errors.ts'
import { type Content, jsonContent } from '#core/http/content.ts'
import { countClasses, countsWire } from './history/counts.ts'
import type { Basis, PackedHour } from './history/hour.ts'
import type { History } from './history/store.ts'
import type { RelayMap } from './types.ts'
import { mapWire, namesWire } from './wire-map.ts'
import type { CountsWire } from './wire.ts'

/** Maps kept as they are, some 10 MB each: the newest two and those that were last looked at. */
const MOST_MAPS = 4
/** Documents kept ready to send, some 600 kB each with their compressed form: a slider goes back and forth. */
const MOST_CONTENTS = 12
/** How long a browser keeps a document of an hour of the past, s: not longer than it takes to upgrade. */
const KEPT_S = 3600

/** What there is to show. Times are ms since 1970. */
export interface Hours {
  readonly isSample: boolean
  /** Oldest first. */
  list(): readonly number[]
  /** The newest, or the one at that time; null: there is none at all. */
  map(at: number | null): Promise<RelayMap | null>
  /** The map's or the names' document. */
  document(kind: 'map' | 'names', at: number | null): Promise<Content>
  counts(from: number, to: number): CountsWire
  firstSeen(fingerprint: string): number | null
  /**
   * Keeps an hour that `pack` makes, unless it is known; forgets what is `keepMs` older than the newest. True: it is new,
   * and there.
   */
  add(at: number, keepMs: number, pack: (basis: Basis) => Promise<PackedHour>): Promise<boolean>
  showSample(maps: readonly RelayMap[]): void
}

/** Hours over a history. */
export function createHours(history: History): Hours {
  const maps = new Map<number, Promise<RelayMap>>()
  const contents = new Map<string, Content>()
  let known = history.hours()
  let sample: ReadonlyMap<number, RelayMap> = new Map()
  const isSample = (): boolean => known.length === 0
  const list = (): readonly number[] => (isSample() ? [...sample.keys()] : known)

  const open = async (at: number): Promise<RelayMap> => {
    if (isSample()) return sample.get(at) ?? missing(at)
    const map = maps.get(at) ?? history.open(at)
    map.catch(() => maps.delete(at))
    return remember(maps, at, map, MOST_MAPS)
  }
  const map = async (at: number | null): Promise<RelayMap | null> => {
    const hour = at ?? list().at(-1)
    return hour === undefined ? null : open(hour)
  }
  return {
    get isSample() {
      return isSample()
    },
    list,
    map,
    document: async (kind, at) => {
      const hour = at ?? list().at(-1) ?? missing(at)
      // Only a past hour that can't be replaced by a better one stays as it is.
      const isLast = hour === list().at(-1)
      const key = `${kind} ${hour} ${at === null}`
      const ready = contents.get(key)
      if (ready !== undefined) return remember(contents, key, ready, MOST_CONTENTS)
      const shown = isSample() ? await open(hour) : await (maps.get(hour) ?? history.openDrawn(hour))
      const lasting = at !== null && !isLast && !shown.sample && shown.verification.state === 'good'
      const made = await jsonContent(kind === 'map' ? mapWire(shown) : namesWire(shown), {
        maxAge: lasting ? KEPT_S : 0,
      })
      return remember(contents, key, made, MOST_CONTENTS)
    },
    counts: (from, to) => {
      if (!isSample()) return history.counts(from, to)
      const chosen = [...sample].filter(([at]) => at >= from && at <= to)
      return countsWire(chosen.map(([at, one]) => [at, countClasses(one)]))
    },
    firstSeen: (fingerprint) => (isSample() ? null : history.firstSeen(fingerprint)),
    add: async (at, keepMs, pack) => {
      if (!(await history.addPacked(at, pack))) return false
      contents.clear()
      maps.delete(at)
      // Counted from the newest, not from now: who only has an old consensus wants to see that one.
      await history.prune((history.hours().at(-1) ?? at) - keepMs)
      known = history.hours()
      return known.includes(at)
    },
    showSample: (hours) => {
      sample = new Map(hours.map((one) => [one.consensus.validAfter, one]))
      contents.clear()
    },
  }
}

/** Keeps what was used last. */
function remember<K, V>(kept: Map<K, V>, key: K, value: V, most: number): V {
  kept.delete(key)
  kept.set(key, value)
  for (const oldest of [...kept.keys()].slice(0, -most)) kept.delete(oldest)
  return value
}

function missing(at: number | null): never {
  const what = at === null ? 'no consensus yet' : `no hour ${new Date(at).toISOString()}`
  throw new NocError('NOC_TORMAP_NO_HOUR', `The map has ${what}.`, {
    hint: 'GET /api/tormap/hours lists the hours that it has; `noc tormap fetch` gets one.',
    exit: exitCode.found,
  })
}
