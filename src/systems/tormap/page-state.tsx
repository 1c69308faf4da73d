import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals'
import { asApiError, type ApiError } from '../../console/state/api.ts'
import { search, setQuery } from '../../console/state/router.ts'
import { createHours, type Shown } from './page-hours.tsx'
import { readLayers, shownRow, writeLayers, type Layers } from './page-layers.ts'
import { isElsewhere, matchRows, parseQuery } from './page-query.ts'
import { fingerprintOf, rowOf } from './map/rows.ts'
import type { Place } from './map/view.ts'
import type { MapSource } from './page-source.ts'

/** Before the address is written anew while a hand is still moving, ms: browsers refuse to write it more often. */
const SETTLE = 300

/** Before the source is asked for the rest of an answer, ms: longer than an hour stays while they play. */
const ASK = 500

/** What a search found. */
export interface Found {
  readonly query: string
  readonly rows: readonly number[]
}

/** Everything that the parts of the page share: which hour is shown, of it which relays, and which one is chosen. */
export interface Atlas {
  readonly source: MapSource
  /** All hours there are, oldest first. */
  readonly list: ReadonlySignal<readonly number[]>
  /** The hour that was asked for; null: the newest. */
  readonly at: ReadonlySignal<number | null>
  /** What is on the screen; behind `at` for as long as it is being loaded. */
  readonly shown: ReadonlySignal<Shown | null>
  readonly problem: ReadonlySignal<ApiError | null>
  readonly layers: ReadonlySignal<Layers>
  readonly visible: ReadonlySignal<(row: number) => boolean>
  readonly query: ReadonlySignal<string>
  /** null: nothing is looked for. */
  readonly found: ReadonlySignal<Found | null>
  readonly searchProblem: ReadonlySignal<ApiError | null>
  /** Fingerprint of the chosen relay. */
  readonly chosen: ReadonlySignal<string | null>
  /** Its row in the hour that is shown; null when it isn't there. */
  readonly row: ReadonlySignal<number | null>
  /** Shows an hour; the newest when null. */
  goto(at: number | null): void
  setLayers(layers: Layers): void
  look(query: string): void
  choose(fingerprint: string | null): void
  /** The same by row of the hour that is shown. */
  chooseRow(row: number): Promise<void>
  /** Which part of the world the address asks for; null: all of it. */
  start(): Place | null
  /** Remembers in the address what is looked at. */
  lookAt(place: Place | null): void
  /** Asks again for the list of hours, and for the newest when that is what is shown. */
  refresh(): void
  close(): void
}

/** Reads `?view=x,y,zoom`. */
function readPlace(query: URLSearchParams): Place | null {
  const [x, y, zoom, ...rest] = query.get('view')?.split(',').map(Number) ?? []
  if (x === undefined || y === undefined || zoom === undefined || rest.length > 0) return null
  return [x, y, zoom].every(Number.isFinite) && zoom > 0 ? { x, y, zoom } : null
}

/** Writes the address later, once for many changes. */
function lazyQuery(): { set(changes: Record<string, string | null>): void; pending(name: string): boolean } {
  let waiting: Record<string, string | null> = {}
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    set: (changes) => {
      waiting = { ...waiting, ...changes }
      clearTimeout(timer)
      timer = setTimeout(() => {
        const now = waiting
        waiting = {}
        setQuery(now)
      }, SETTLE)
    },
    pending: (name) => name in waiting,
  }
}

function found(atlas: Pick<Atlas, 'source' | 'shown' | 'query'>): {
  readonly found: ReadonlySignal<Found | null>
  readonly problem: ReadonlySignal<ApiError | null>
  stop(): void
} {
  const answer = signal<Found | null>(null)
  const problem = signal<ApiError | null>(null)
  const stop = effect(() => {
    const query = atlas.query.value.trim()
    const shown = atlas.shown.value
    const terms = parseQuery(query)
    const give = (rows: readonly number[] | null, error: unknown = null): void =>
      batch(() => {
        answer.value = rows === null ? null : { query, rows }
        problem.value = error === null ? null : asApiError(error)
      })
    if (terms.length === 0) return give(null)
    if (!shown?.names) return undefined
    const { map, names } = shown
    // At once what can be seen from here; then what the source knows, which also reads what operators write.
    const here = terms.some(isElsewhere) ? null : matchRows(map, names, terms)
    if (here) give(here)
    let stale = false
    const timer = setTimeout(() => {
      atlas.source.find(query, map.hour.validAfter)?.then(
        (list) => stale || give(list.map((one) => rowOf(names, one)).filter((row) => row !== null)),
        (error: unknown) => stale || give(here, error),
      )
    }, ASK)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  })
  return { found: answer, problem, stop }
}

/** Makes the state of the page over a source. */
export function createAtlas(source: MapSource): Atlas {
  const later = lazyQuery()
  const at = signal<number | null>(Number(search.peek().get('at')) || null)
  const query = signal(search.peek().get('q') ?? '')
  const chosen = computed(() => {
    const value = search.value.get('relay')?.toUpperCase() ?? ''
    return /^[0-9A-F]{40}$/.test(value) ? value : null
  })
  const named = computed(() => chosen.value !== null || query.value.trim() !== '')
  const hours = createHours(source, { at, named })
  const layers = computed(() => readLayers(search.value))
  const layersKey = computed(() => JSON.stringify(writeLayers(layers.value)))
  const visible = computed(() => {
    void layersKey.value
    const now = hours.shown.value
    return now ? shownRow(now.map, layers.peek()) : () => false
  })
  const choose = (fingerprint: string | null): void => setQuery({ relay: fingerprint }, true)
  const searching = found({ source, shown: hours.shown, query })
  // The address can change without us: the back button, a link.
  const follow = effect(() => {
    const now = search.value
    if (!later.pending('at')) at.value = Number(now.get('at')) || null
    if (!later.pending('q')) query.value = now.get('q') ?? ''
  })
  return {
    source,
    list: hours.list,
    at,
    shown: hours.shown,
    problem: hours.problem,
    layers,
    visible,
    query,
    found: searching.found,
    searchProblem: searching.problem,
    chosen,
    row: computed(() => {
      const names = hours.shown.value?.names
      return names && chosen.value !== null ? rowOf(names, chosen.value) : null
    }),
    goto: (next) => {
      later.set({ at: next === null ? null : String(next) })
      at.value = next
    },
    setLayers: (next) => setQuery(writeLayers(next)),
    look: (next) => {
      later.set({ q: next })
      query.value = next
    },
    start: () => readPlace(search.peek()),
    lookAt: (place) => later.set({ view: place && [place.x, place.y, place.zoom].map((one) => one.toFixed(2)).join() }),
    choose,
    chooseRow: async (row) => {
      const map = hours.shown.peek()?.map
      const names = await hours.names().catch(() => null)
      if (names && hours.shown.peek()?.map === map) choose(fingerprintOf(names, row))
    },
    refresh: hours.refresh,
    close: () => {
      follow()
      searching.stop()
      hours.close()
    },
  }
}
