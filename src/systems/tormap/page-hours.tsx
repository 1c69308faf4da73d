import { batch, effect, signal, type ReadonlySignal } from '@preact/signals'
import { asApiError, type ApiError } from '../../console/state/api.ts'
import type { MapSource } from './page-source.ts'
import type { MapWire, NamesWire } from './wire.ts'

/** Hours kept in memory; one of 9,000 relays takes about 2 MB. */
const KEPT = 16
/** Neighbours that are loaded ahead, counted in the direction of the last step; and longest wait for a quiet moment, ms. */
const AHEAD = [1, 2, 3, -1] as const
const QUIET_WITHIN = 200

/** Steps that follow each other faster, ms, are a movement: names, which are most of an hour, wait for its end. */
const MOVING = 600

/** An hour on the screen; the names come a little later. */
export interface Shown {
  readonly map: MapWire
  readonly names: NamesWire | null
}

/** The hours of a source, and the one that is shown. */
export interface Hours {
  readonly list: ReadonlySignal<readonly number[]>
  readonly shown: ReadonlySignal<Shown | null>
  readonly problem: ReadonlySignal<ApiError | null>
  /** The names of the hour that is shown, without waiting for a quiet moment. */
  names(): Promise<NamesWire | null>
  refresh(): void
  close(): void
}

interface Entry {
  readonly map: Promise<MapWire>
  /** Loads them when that was not done yet. */
  names(): Promise<NamesWire>
  readonly ready: { map: MapWire | null; names: NamesWire | null }
}

/** Keeps the hours that were used last. */
function createStore(source: MapSource): { take(at: number): Entry } {
  const entries = new Map<number, Entry>()
  const load = (at: number): Entry => {
    const ready: Entry['ready'] = { map: null, names: null }
    let names: Promise<NamesWire> | undefined
    // Whoever shows the hour hears of a failure; one that was only loaded ahead is asked for again.
    const watch = <T,>(loading: Promise<T>): Promise<T> => {
      loading.catch(() => entries.delete(at))
      return loading
    }
    return {
      map: watch(source.map(at).then((one) => (ready.map = one))),
      names: () => (names ??= watch(source.names(at).then((one) => (ready.names = one)))),
      ready,
    }
  }
  return {
    take: (at) => {
      const entry = entries.get(at) ?? load(at)
      entries.delete(at)
      entries.set(at, entry)
      const [oldest] = entries.keys()
      if (entries.size > KEPT && oldest !== undefined) entries.delete(oldest)
      return entry
    },
  }
}

/** The last hour that is not after `at`; the newest when `at` is null, the first when all are later. */
export function nearest(list: readonly number[], at: number | null): number | null {
  if (at === null) return list.at(-1) ?? null
  return list.findLast((hour) => hour <= at) ?? list[0] ?? null
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Until the page has nothing else to do. */
const idle = (): Promise<unknown> =>
  typeof requestIdleCallback === 'function'
    ? new Promise((resolve) => requestIdleCallback(resolve, { timeout: QUIET_WITHIN }))
    : rest(0)

/** Which hour is wanted. */
export interface Wanted {
  /** null: the newest. */
  readonly at: ReadonlySignal<number | null>
  /** Whether something is shown that needs the names at once: a chosen relay, what a search found. */
  readonly named: ReadonlySignal<boolean>
}

/** Follows what is wanted through the hours of a source. */
export function createHours(source: MapSource, { at, named }: Wanted): Hours {
  const store = createStore(source)
  const list = signal<readonly number[]>([])
  const shown = signal<Shown | null>(null)
  const problem = signal<ApiError | null>(null)
  let turn = 0
  let before = 0
  let moved = -Infinity

  /** One after the other, between other work. */
  const ahead = async (mine: number, index: number): Promise<void> => {
    const direction = index < before ? -1 : 1
    before = index
    for (const step of AHEAD) {
      const next = list.peek()[index + step * direction]
      if (next === undefined) continue
      await idle()
      if (mine !== turn) return
      const entry = store.take(next)
      try {
        await entry.map
        if (named.peek()) await entry.names()
      } catch {
        return // Whoever goes there hears of it.
      }
    }
  }
  const show = async (wanted: number): Promise<void> => {
    turn += 1
    const mine = turn
    const { ready, map, names } = store.take(wanted)
    const moving = performance.now() - moved < MOVING && !named.peek()
    moved = performance.now()
    if (!moving) void names()
    // Without waiting for anything: an hour that is here is drawn in the same frame.
    if (ready.map) shown.value = { map: ready.map, names: ready.names }
    try {
      if (!ready.map) {
        const loaded = await map
        if (mine !== turn) return
        shown.value = { map: loaded, names: ready.names }
      }
      problem.value = null
      void ahead(mine, list.peek().indexOf(wanted))
      if (ready.names) return
      if (moving) await rest(MOVING)
      if (mine !== turn) return
      const loaded = await names()
      const now = shown.peek()
      if (mine === turn && now) shown.value = { map: now.map, names: loaded }
    } catch (error) {
      if (mine === turn) problem.value = asApiError(error)
    }
  }
  const readList = async (): Promise<void> => {
    try {
      const { hours } = await source.hours()
      batch(() => {
        list.value = hours
        problem.value = null
      })
    } catch (error) {
      problem.value = asApiError(error)
    }
  }
  const stop = effect(() => {
    const wanted = nearest(list.value, at.value)
    if (wanted !== null && wanted !== shown.peek()?.map.hour.validAfter) void show(wanted)
  })
  void readList()
  return {
    list,
    shown,
    problem,
    names: async () => {
      const now = shown.peek()
      return now && (now.names ?? store.take(now.map.hour.validAfter).names())
    },
    refresh: () => void readList(),
    close: () => {
      turn += 1
      stop()
    },
  }
}
