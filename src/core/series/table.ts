import type { Database } from '../store/database.ts'
import { fromBlob, toBlob } from './grid.ts'
import type { SeriesDefinition } from './types.ts'

/** A figure's hour as it lies in the database: hours since 1970, and its points. */
export interface StoredHour {
  readonly hour: number
  readonly points: Float32Array
}

/** All SQL over series. */
export interface SeriesTable {
  all(): readonly (SeriesDefinition & { readonly id: number })[]
  /** Adds or changes a definition; gives its id. */
  define(definition: SeriesDefinition): number
  hour(series: number, hour: number): Float32Array | null
  /** Hours `first` to `last`, both included. */
  hours(series: number, first: number, last: number): readonly StoredHour[]
  rollUps(series: number, first: number, last: number): readonly StoredHour[]
  save(series: number, hour: number, points: Float32Array, rollUp: Float32Array): void
  /** Forgets older hours; true when nothing is left of this series. */
  forget(series: number, rawBefore: number, rollUpBefore: number): boolean
  remove(series: number): void
}

interface HourRow {
  readonly hour: number
  readonly points: Uint8Array
}

const stored = ({ hour, points }: HourRow): StoredHour => ({ hour, points: fromBlob(points) })

/** Prepares the statements; the schema is store/migrations/001-series.ts. */
export function seriesTable(db: Database): SeriesTable {
  const all = db.prepare<SeriesDefinition & { id: number }>('SELECT id, name, unit, step FROM series')
  const define = db.prepare<{ id: number }>(
    `INSERT INTO series (name, unit, step) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET unit = excluded.unit, step = excluded.step RETURNING id`,
  )
  const range = 'SELECT hour, points FROM %s WHERE series = ? AND hour BETWEEN ? AND ? ORDER BY hour'
  const raw = db.prepare<HourRow>(range.replace('%s', 'series_hour'))
  const rolled = db.prepare<HourRow>(range.replace('%s', 'series_rollup'))
  const upsert = `INSERT INTO %s (series, hour, points) VALUES (?, ?, ?)
    ON CONFLICT (series, hour) DO UPDATE SET points = excluded.points`
  const saveRaw = db.prepare(upsert.replace('%s', 'series_hour'))
  const saveRolled = db.prepare(upsert.replace('%s', 'series_rollup'))
  const forgetRaw = db.prepare('DELETE FROM series_hour WHERE series = ? AND hour < ?')
  const forgetRolled = db.prepare('DELETE FROM series_rollup WHERE series = ? AND hour < ?')
  const left = db.prepare('SELECT 1 FROM series_rollup WHERE series = ? LIMIT 1')
  const remove = db.prepare('DELETE FROM series WHERE id = ?')
  return {
    all: () => all.all().map(({ id, name, unit, step }) => ({ id, name, unit, step })),
    define: ({ name, unit, step }) => define.get(name, unit, step)?.id ?? 0,
    hour: (series, hour) => {
      const row = raw.get(series, hour, hour)
      return row ? fromBlob(row.points) : null
    },
    hours: (series, first, last) => raw.all(series, first, last).map(stored),
    rollUps: (series, first, last) => rolled.all(series, first, last).map(stored),
    save: (series, hour, points, rollUp) => {
      saveRaw.run(series, hour, toBlob(points))
      saveRolled.run(series, hour, toBlob(rollUp))
    },
    forget: (series, rawBefore, rollUpBefore) => {
      forgetRaw.run(series, rawBefore)
      forgetRolled.run(series, rollUpBefore)
      return left.get(series) === undefined
    },
    remove: (series) => void remove.run(series),
  }
}
