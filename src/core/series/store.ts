import type { Clock } from '../clock.ts'
import { NocError } from '../errors.ts'
import type { Database } from '../store/database.ts'
import { HOUR_MS } from './grid.ts'
import { closeHours, type Known, openHour, readPoints, saveHours } from './hours.ts'
import { seriesTable } from './table.ts'
import type { SeriesDefinition, SeriesStore } from './types.ts'

/** Most series: at a step of 10 s their raw hours take 1.1 GB on disk, the open ones 6 MB in memory. */
export const MAX_SERIES = 4000
/** How long figures are kept as measured, ms: tonight beside the same night of last week. */
export const RAW_MS: number = 8 * 24 * HOUR_MS
/** How long roll-ups are kept, ms: this month beside the same month of last year. */
export const ROLLUP_MS: number = 400 * 24 * HOUR_MS

/** What kill -9 may lose, ms. */
const FLUSH_MS = 60_000
const FLUSHES_PER_PRUNE = 60
/** Values from further ahead come from a broken clock, ms. */
const AHEAD_MS = HOUR_MS
/** core/series/types.ts has the rule in words. */
const NAME = /^[a-z0-9_-]+\.[a-z0-9._-]+$/i
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

function refusal({ name, unit, step }: SeriesDefinition): string | null {
  if (!NAME.test(name) || name.length > MAX_NAME)
    return 'its name must be <system>.<what>: at most 120 letters, digits, dots, dashes and underscores'
  if (unit.length > MAX_UNIT) return `its unit is longer than ${MAX_UNIT} characters`
  return Number.isInteger(step) && step >= 1 && 3600 % step === 0
    ? null
    : 'its step must be seconds that divide an hour'
}

/**
 * Figures over time: the open hour in memory, one row a series and hour in the database, roll-ups beside it. Trouble
 * with the database (disk full) goes to `onError`, never to whoever records; the figures wait in memory meanwhile.
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

  const attempt = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }

  const define = (definition: SeriesDefinition): void => {
    const { name, unit, step } = definition
    const known = series.get(name)
    const same = known?.definition.step === step && known.definition.unit === unit
    if (known && same) {
      series.set(name, { ...known, used: true })
      return
    }
    const why = refusal(definition)
    if (why) throw new NocError('NOC_SERIES_DEFINITION', `The series ${name.slice(0, MAX_NAME)} is refused: ${why}.`)
    if (!known && series.size >= MAX_SERIES)
      throw new NocError('NOC_SERIES_LIMIT', `There are ${MAX_SERIES} series already; ${name} is one too many.`, {
        hint: 'Series that nobody feeds any more are forgotten after 400 days; a system may have to measure less.',
      })
    // The open hour is written at the old step, and read back at the new one.
    if (known) saveHours(db, table, [known])
    series.set(name, { id: table.define(definition), definition: { name, unit, step }, used: true, open: new Map() })
  }

  const record = (name: string, at: number, value: number): void => {
    const known = series.get(name)
    if (!known) throw new NocError('NOC_SERIES_UNKNOWN', `The series ${name} was never defined.`)
    const now = clock.now()
    if (!(at >= now - RAW_MS && at <= now + AHEAD_MS)) return
    const hour = Math.floor(at / HOUR_MS)
    attempt(() => {
      const open = openHour(table, known, hour, () => attempt(() => saveHours(db, table, [known])))
      const figure = Math.fround(value)
      const index = Math.floor((at - hour * HOUR_MS) / (known.definition.step * 1000))
      open.points[index] = Number.isFinite(figure) ? figure : Number.NaN
      open.dirty = true
    })
  }

  const flush = (): void => {
    saveHours(db, table, series.values())
    for (const known of series.values()) closeHours(known)
  }

  const prune = (): void => {
    const hour = Math.floor(clock.now() / HOUR_MS)
    db.transaction(() => {
      for (const [name, { id, used, open }] of series) {
        const empty = table.forget(id, hour - RAW_MS / HOUR_MS, hour - ROLLUP_MS / HOUR_MS)
        if (!empty || used || open.size > 0) continue
        table.remove(id)
        series.delete(name)
      }
    })
  }

  let flushes = 0
  const timer = setInterval(() => {
    flushes += 1
    attempt(flush)
    if (flushes % FLUSHES_PER_PRUNE === 0) attempt(prune)
  }, FLUSH_MS)
  timer.unref()

  return {
    define,
    record,
    read: (name, from, to, points) => {
      const known = series.get(name)
      const most = Math.min(Math.max(1, Math.floor(points) || 1), MAX_POINTS)
      return known ? readPoints(table, known, { from, to, points: most, rawSince: clock.now() - RAW_MS }) : null
    },
    names: () =>
      [...series.values()].map(({ definition }) => definition).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    flush,
    prune,
    stop: () => {
      clearInterval(timer)
      attempt(flush)
    },
  }
}
