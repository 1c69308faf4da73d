import type { Database } from '../store/database.ts'
import { addRaw, addRollUp, createBuckets, emptyHour, fitGrid, HOUR_MS, regrid, rollUp, rollUpStep } from './grid.ts'
import type { Buckets } from './grid.ts'
import type { SeriesTable } from './table.ts'
import type { SeriesDefinition, SeriesPoints } from './types.ts'

/** Most hours of one series in memory: this one, the former one for late values, one for a clock that was set. */
const OPEN_HOURS = 3

interface OpenHour {
  readonly points: Float32Array
  /** Holds figures that the database doesn't. */
  dirty: boolean
}

/** A series and its hours in memory; these win over the stored ones. */
export interface Known {
  readonly id: number
  readonly definition: SeriesDefinition
  /** Defined by this process, not just known from before. */
  readonly used: boolean
  readonly open: Map<number, OpenHour>
}

/** Writes all hours that changed, in one transaction. */
export function saveHours(db: Database, table: SeriesTable, series: Iterable<Known>): void {
  const changed = [...series].flatMap(({ id, open }) =>
    [...open].filter(([, { dirty }]) => dirty).map(([hour, kept]) => ({ id, hour, kept })),
  )
  if (changed.length === 0) return
  db.transaction(() => {
    for (const { id, hour, kept } of changed) table.save(id, hour, kept.points, rollUp(kept.points))
  })
  for (const { kept } of changed) kept.dirty = false
}

/** Drops all hours from memory but the newest. */
export function closeHours({ open }: Known): void {
  if (open.size < 2) return
  const newest = Math.max(...open.keys())
  for (const hour of open.keys()) if (hour !== newest) open.delete(hour)
}

/** The hour to write into; one that was stored before goes on. `save` is called when too many are open. */
export function openHour(table: SeriesTable, known: Known, hour: number, save: () => void): OpenHour {
  const open = known.open.get(hour)
  if (open) return open
  if (known.open.size >= OPEN_HOURS) {
    save()
    closeHours(known)
  }
  const { step } = known.definition
  const stored = table.hour(known.id, hour)
  const fresh = { points: stored ? regrid(stored, step) : emptyHour(step), dirty: false }
  known.open.set(hour, fresh)
  return fresh
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
 * At most `points` points over [from, to): from the figures as measured while each point is shorter than a roll-up's
 * and nothing before `rawSince` is asked for, else from the roll-ups.
 */
export function readPoints(
  table: SeriesTable,
  { id, definition, open }: Known,
  { from, to, points, rawSince }: { from: number; to: number; points: number; rawSince: number },
): SeriesPoints {
  const step = definition.step * 1000
  if (!(from < to && Number.isFinite(to - from))) return pointsOf(definition, createBuckets(0, 0, step))
  const coarse = rollUpStep(definition.step) * 1000
  const fine = fitGrid(from, to, points, step)
  const rolled = fine.size >= coarse || from < rawSince
  const { start, size } = rolled ? fitGrid(from, to, points, coarse) : fine
  const buckets = createBuckets(start, to, size)
  const first = Math.floor(start / HOUR_MS)
  const last = Math.floor((start + buckets.count.length * size - 1) / HOUR_MS)
  const add = rolled ? addRollUp : addRaw
  for (const { hour, points } of rolled ? table.rollUps(id, first, last) : table.hours(id, first, last))
    if (!open.has(hour)) add(buckets, hour * HOUR_MS, points)
  for (const [hour, { points }] of open) add(buckets, hour * HOUR_MS, rolled ? rollUp(points) : points)
  return pointsOf(definition, buckets)
}
