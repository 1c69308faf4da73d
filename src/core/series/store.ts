import type { Clock } from '../clock.ts'
import { NocError } from '../errors.ts'
import type { Database } from '../store/database.ts'
import {
  addRaw,
  addRollUp,
  type Buckets,
  createBuckets,
  emptyHour,
  fitGrid,
  HOUR_MS,
  regrid,
  rollUp,
  rollUpStep,
} from './grid.ts'
import { seriesTable } from './table.ts'
import type { SeriesDefinition, SeriesPoints, SeriesStore } from './types.ts'

/** Most series: at a step of 10 s their raw hours take 1.1 GB on disk, the open ones 6 MB in memory. */
export const MAX_SERIES = 4000
/** How long figures are kept as measured, ms: this week's night beside last week's. */
export const RAW_MS: number = 8 * 24 * HOUR_MS
/** How long roll-ups are kept, ms: a year, and last year's same month. */
export const ROLLUP_MS: number = 400 * 24 * HOUR_MS

/** What kill -9 may lose, ms. */
const FLUSH_MS = 60_000
const FLUSHES_PER_PRUNE = 60
/** Hours of one series kept open: this one, the former one for late values, one for a clock that was set. */
const OPEN_HOURS = 3
/** Values from further ahead come from a broken clock, ms. */
const AHEAD_MS = HOUR_MS
const NAME = /^[a-z][a-z0-9_-]*\.[\w.-]+$/i
const MAX_NAME = 120
const MAX_UNIT = 20
/** More points than any screen has columns. */
const MAX_POINTS = 10_000

/** The daemon's SeriesStore, with what its owner has to do. */
export interface OwnedSeriesStore extends SeriesStore {
  /** Writes what is only in memory; done by itself each minute. */
  flush(): void
  /** Forgets what is older than RAW_MS and ROLLUP_MS; done by itself each hour. */
  prune(): void
  /** Flushes and ends the timer; may be called twice. */
  stop(): void
}

interface OpenHour {
  readonly points: Float32Array
  dirty: boolean
}
interface Known {
  readonly id: number
  readonly definition: SeriesDefinition
  /** Defined by this process, not just known from before. */
  readonly used: boolean
  readonly open: Map<number, OpenHour>
}

function checked({ name, unit, step }: SeriesDefinition): SeriesDefinition {
  const wrong =
    !NAME.test(name) || name.length > MAX_NAME
      ? 'its name must be <system>.<what>, at most 120 letters, digits, dots, dashes and underscores'
      : unit.length > MAX_UNIT
        ? 'its unit is too long'
        : !Number.isInteger(step) || step < 1 || 3600 % step !== 0
          ? 'its step must be whole seconds that divide an hour'
          : null
  if (wrong) throw new NocError('NOC_SERIES_DEFINITION', `The series ${name.slice(0, MAX_NAME)} is refused: ${wrong}.`)
  return { name, unit, step }
}

function pointsOf(definition: SeriesDefinition, { start, size, count, sum, minimum, maximum }: Buckets): SeriesPoints {
  const figures = (of: (index: number) => number | undefined): (number | null)[] =>
    Array.from(count, (n, index) => (n === 0 ? null : (of(index) ?? null)))
  return {
    name: definition.name,
    unit: definition.unit,
    step: size / 1000,
    at: Array.from(count, (_, index) => start + index * size),
    average: figures((index) => (sum[index] ?? 0) / (count[index] ?? 1)),
    minimum: figures((index) => minimum[index]),
    maximum: figures((index) => maximum[index]),
  }
}

/**
 * Figures over time: the open hour in memory, one row a series and hour in the database, roll-ups beside it. Trouble
 * with the database (disk full) goes to `onError` and never to whoever records; figures stay in memory meanwhile.
 */
export function createSeriesStore(
  db: Database,
  clock: Clock,
  onError: (error: unknown) => void = () => {},
): OwnedSeriesStore {
  const table = seriesTable(db)
  const series = new Map<string, Known>()
  for (const { id, ...definition } of table.all())
    series.set(definition.name, { id, definition, used: false, open: new Map() })

  const save = (list: Iterable<Known>): void => {
    const dirty = [...list].flatMap(({ id, open }) => [...open].map(([hour, kept]) => ({ id, hour, kept })))
    const unsaved = dirty.filter(({ kept }) => kept.dirty)
    if (unsaved.length === 0) return
    db.transaction(() => {
      for (const { id, hour, kept } of unsaved) table.save(id, hour, kept.points, rollUp(kept.points))
    })
    for (const { kept } of unsaved) kept.dirty = false
  }
  const flush = (): void => {
    save(series.values())
    for (const { open } of series.values()) {
      const newest = Math.max(...open.keys())
      for (const hour of open.keys()) if (hour !== newest) open.delete(hour)
    }
  }
  const attempt = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }

  const openHour = (known: Known, hour: number): OpenHour => {
    if (known.open.size >= OPEN_HOURS) {
      attempt(() => save([known]))
      known.open.clear()
    }
    let stored: Float32Array | null = null
    attempt(() => (stored = table.hour(known.id, hour)))
    const { step } = known.definition
    const fresh: OpenHour = { points: stored ? regrid(stored, step) : emptyHour(step), dirty: false }
    known.open.set(hour, fresh)
    return fresh
  }

  let flushes = 0
  const timer = setInterval(() => {
    flushes += 1
    attempt(flush)
    if (flushes % FLUSHES_PER_PRUNE === 0) attempt(store.prune)
  }, FLUSH_MS)
  timer.unref()

  const store: OwnedSeriesStore = {
    define: (wanted) => {
      const definition = checked(wanted)
      const known = series.get(definition.name)
      if (known?.used && known.definition.step === definition.step && known.definition.unit === definition.unit) return
      if (!known && series.size >= MAX_SERIES)
        throw new NocError('NOC_SERIES_LIMIT', `The series ${definition.name} is one more than ${MAX_SERIES}.`, {
          hint: 'Switch off a system, or remove the database when these series belong to things long gone.',
        })
      // An open hour of another step is written as it is, and read back at the new one.
      if (known) save([known])
      const id = table.define(definition)
      series.set(definition.name, { id, definition, used: true, open: new Map() })
    },

    record: (name, at, value) => {
      const known = series.get(name)
      if (!known) throw new NocError('NOC_SERIES_UNKNOWN', `The series ${name} was never defined.`)
      const now = clock.now()
      if (!(at >= now - RAW_MS && at <= now + AHEAD_MS)) return
      const hour = Math.floor(at / HOUR_MS)
      const open = known.open.get(hour) ?? openHour(known, hour)
      const figure = Math.fround(value)
      open.points[Math.floor((at - hour * HOUR_MS) / (known.definition.step * 1000))] = Number.isFinite(figure)
        ? figure
        : Number.NaN
      open.dirty = true
    },

    read: (name, from, to, points) => {
      const known = series.get(name)
      if (!known) return null
      const { definition, id, open } = known
      const most = Math.min(Math.max(1, Math.floor(points)), MAX_POINTS)
      if (!(from < to && Number.isFinite(to - from))) return pointsOf(definition, createBuckets(0, 0, definition.step * 1000))
      const coarse = rollUpStep(definition.step) * 1000
      const fine = fitGrid(from, to, most, definition.step * 1000)
      const rolled = fine.size >= coarse || from < clock.now() - RAW_MS
      const grid = rolled ? fitGrid(from, to, most, coarse) : fine
      const buckets = createBuckets(grid.start, to, grid.size)
      const first = Math.floor(grid.start / HOUR_MS)
      const last = Math.floor((grid.start + buckets.count.length * grid.size - 1) / HOUR_MS)
      for (const stored of rolled ? table.rollUps(id, first, last) : table.hours(id, first, last)) {
        if (open.has(stored.hour)) continue
        if (rolled) addRollUp(buckets, stored.hour * HOUR_MS, stored.points)
        else addRaw(buckets, stored.hour * HOUR_MS, stored.points)
      }
      for (const [hour, kept] of open) {
        if (rolled) addRollUp(buckets, hour * HOUR_MS, rollUp(kept.points))
        else addRaw(buckets, hour * HOUR_MS, kept.points)
      }
      return pointsOf(definition, buckets)
    },

    names: () => [...series.values()].map(({ definition }) => definition).sort((a, b) => (a.name < b.name ? -1 : 1)),

    flush,

    prune: () => {
      const hour = Math.floor(clock.now() / HOUR_MS)
      db.transaction(() => {
        for (const [name, { id, used, open }] of series) {
          const empty = table.forget(id, hour - RAW_MS / HOUR_MS, hour - ROLLUP_MS / HOUR_MS)
          if (!empty || used || open.size > 0) continue
          table.remove(id)
          series.delete(name)
        }
      })
    },

    stop: () => {
      clearInterval(timer)
      attempt(flush)
    },
  }
  return store
}
