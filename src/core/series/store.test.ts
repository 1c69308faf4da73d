import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { standingClock, temporaryDirectory, temporaryStore } from '../../../test/fixtures/store/temporary.ts'
import type { Database } from '../store/database.ts'
import { openStore } from '../store/open.ts'
import { HOUR_MS, rollUpStep } from './grid.ts'
import { createSeriesStore, MAX_SERIES, RAW_MS, ROLLUP_MS } from './store.ts'
import type { SeriesPoints } from './types.ts'

/** An hour's start, well after 1970. */
const NOON = 498_611 * HOUR_MS
const STEPS = [1, 5, 10, 60, 240, 300, 900, 3600] as const

const rate = (step: number): { name: string; unit: string; step: number } => ({ name: 'test.rate', unit: '/s', step })

const mean = (figures: readonly number[]): number => figures.reduce((sum, figure) => sum + figure, 0) / figures.length

/** What is known of a series, kept as simply as can be: one figure a step. */
type Model = Map<number, number>

/** The points that `read` should have found in [at, at + size). */
function expected(model: Model, step: number, at: number, size: number): readonly [number, number, number] | null {
  const inside = [...model].filter(([time]) => time >= at && time < at + size)
  if (inside.length === 0) return null
  const figures = inside.map(([, figure]) => figure)
  const rolled = rollUpStep(step) * 1000
  const byRollUp = new Map<number, number[]>()
  for (const [time, figure] of inside) {
    const start = Math.floor(time / rolled) * rolled
    byRollUp.set(start, [...(byRollUp.get(start) ?? []), figure])
  }
  const average = size >= rolled ? mean([...byRollUp.values()].map((part) => Math.fround(mean(part)))) : mean(figures)
  return [average, Math.min(...figures), Math.max(...figures)]
}

function check(read: SeriesPoints | null, model: Model, step: number, from: number, to: number, points: number): void {
  assert.ok(read)
  const size = read.step * 1000
  assert.ok(read.at.length <= points, `${read.at.length} points, asked for ${points}`)
  assert.equal(read.step % step, 0)
  assert.ok(Math.abs((read.at[0] ?? 0) - from) < size)
  assert.ok((read.at.at(-1) ?? 0) < to && (read.at.at(-1) ?? 0) + size >= to)
  for (const [index, at] of read.at.entries()) {
    assert.equal(at, (read.at[0] ?? 0) + index * size)
    const want = expected(model, step, at, size)
    assert.equal(read.minimum[index], want?.[1] ?? null)
    assert.equal(read.maximum[index], want?.[2] ?? null)
    const average: number | null = read.average[index] ?? null
    if (want === null) assert.equal(average, null)
    else
      assert.ok(
        Math.abs((average ?? Number.NaN) - want[0]) <= 1e-6 * Math.max(-want[1], want[2], 1),
        `${average} ${want[0]}`,
      )
  }
}

const value = fc.float({ min: -1e6, max: 1e6 })
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('record'), after: fc.integer({ min: 0, max: 900_000 }), value }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('late'),
      before: fc.integer({ min: 0, max: 9_000_000 }),
      value,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'flush' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'stop' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'kill' } as const) },
)

test('whatever is recorded, late or after a restart, is read back: the same as a list of all figures would say', async (t) => {
  const directory = temporaryDirectory(t)
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...STEPS),
      fc.array(action, { minLength: 1, maxLength: 60 }),
      fc.array(
        fc.record({
          back: fc.integer({ min: -HOUR_MS, max: 12 * HOUR_MS }),
          length: fc.integer({ min: 1, max: 12 * HOUR_MS }),
          points: fc.integer({ min: 1, max: 400 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      async (step, actions, reads) => {
        run += 1
        const db = await openStore(join(directory, String(run)), { create: true })
        const clock = standingClock(NOON)
        let store = createSeriesStore(db, clock)
        store.define(rate(step))
        const model: Model = new Map()
        const record = (at: number, value: number): void => {
          store.record('test.rate', at, value)
          const slot = Math.floor(at / (step * 1000)) * step * 1000
          if (Number.isFinite(value)) model.set(slot, value)
          else model.delete(slot)
        }
        for (const next of actions) {
          if ('after' in next) {
            clock.advance(next.after)
            record(clock.now(), next.value)
          } else if ('before' in next) record(clock.now() - next.before, next.value)
          else {
            if (next.do === 'stop') store.stop()
            else store.flush()
            if (next.do === 'flush') continue
            store = createSeriesStore(db, clock)
            store.define(rate(step))
          }
        }
        for (const { back, length, points } of reads) {
          const from = clock.now() - back
          check(store.read('test.rate', from, from + length, points), model, step, from, from + length, points)
        }
        store.stop()
        db.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('after a restart within the hour the hour goes on', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON + 120_000)
  const before = createSeriesStore(db, clock)
  before.define(rate(60))
  before.record('test.rate', NOON, 1)
  before.record('test.rate', NOON + 60_000, 2)
  before.stop()
  const after = createSeriesStore(db, clock)
  after.define(rate(60))
  after.record('test.rate', NOON + 120_000, 3)
  after.stop()
  const reader = createSeriesStore(db, clock)
  assert.deepEqual(reader.read('test.rate', NOON, NOON + 240_000, 10)?.average, [1, 2, 3, null])
  reader.stop()
})

test('a gap stays a gap, and a later value of the same step replaces the earlier one', async (t) => {
  const store = createSeriesStore(await temporaryStore(t), standingClock(NOON + HOUR_MS))
  store.define(rate(10))
  for (const [seconds, value] of [
    [0, 5],
    [3, 7],
    [20, Number.NaN],
    [30, 1],
    [31, Number.POSITIVE_INFINITY],
    [40, 1e39],
  ] as const)
    store.record('test.rate', NOON + seconds * 1000, value)
  const read = store.read('test.rate', NOON, NOON + 50_000, 5)
  assert.deepEqual(
    read?.at,
    [0, 10, 20, 30, 40].map((seconds) => NOON + seconds * 1000),
  )
  assert.deepEqual(read?.average, [7, null, null, null, null])
  store.stop()
})

test('a chart that moves on keeps its points', async (t) => {
  const store = createSeriesStore(await temporaryStore(t), standingClock(NOON + 2 * HOUR_MS))
  store.define(rate(1))
  for (let second = 0; second < 7200; second += 1) store.record('test.rate', NOON + second * 1000, second % 97)
  const first = store.read('test.rate', NOON, NOON + HOUR_MS, 100)
  const later = store.read('test.rate', NOON + 17_000, NOON + HOUR_MS + 17_000, 100)
  assert.ok(first && later)
  const common = first.at.filter((at) => later.at.includes(at))
  assert.ok(common.length > 90)
  for (const at of common) assert.equal(first.average[first.at.indexOf(at)], later.average[later.at.indexOf(at)])
  store.stop()
})

test('week-long and older ranges come from the roll-ups, and the peak of a few seconds is still in them', async (t) => {
  const clock = standingClock(NOON)
  const store = createSeriesStore(await temporaryStore(t), clock)
  store.define(rate(60))
  for (let minute = 0; minute < 9 * 24 * 60; minute += 1) {
    clock.advance(60_000)
    store.record('test.rate', clock.now(), minute === 500 ? 1000 : 1)
    if (minute % 60 === 0) store.flush()
  }
  store.prune()
  const week = store.read('test.rate', NOON, clock.now(), 300)
  assert.equal(Math.max(...(week?.maximum ?? []).map(Number)), 1000)
  const first = store.read('test.rate', NOON, NOON + HOUR_MS, 60)
  assert.equal(first?.step, 300, 'the figures as measured are gone, the roll-ups are not')
  assert.equal(first?.average.filter((figure) => figure !== null).length, 12)
  assert.equal(store.read('test.rate', clock.now() - HOUR_MS, clock.now(), 60)?.step, 60)
  store.stop()
})

const rowsOf = (db: Database, name: string): unknown => db.prepare(`SELECT count(*) AS n FROM ${name}`).get()?.['n']

test('figures older than the retention are forgotten, and then the series that nobody feeds', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON)
  const before = createSeriesStore(db, clock)
  before.define(rate(60))
  before.record('test.rate', NOON, 1)
  before.stop()
  const store = createSeriesStore(db, clock)
  clock.advance(RAW_MS)
  store.prune()
  assert.equal(rowsOf(db, 'series_hour'), 1, 'on the last day it is still there')
  clock.advance(HOUR_MS)
  store.prune()
  assert.deepEqual([rowsOf(db, 'series_hour'), rowsOf(db, 'series_rollup')], [0, 1])
  clock.advance(ROLLUP_MS)
  store.prune()
  assert.deepEqual([rowsOf(db, 'series_rollup'), rowsOf(db, 'series')], [0, 0])
  assert.deepEqual(store.names(), [])
  store.stop()
})

test('figures are written each minute and forgotten each hour without being asked', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const store = createSeriesStore(db, clock)
  store.define(rate(60))
  store.record('test.rate', NOON, 1)
  assert.equal(rowsOf(db, 'series_hour'), 0)
  t.mock.timers.tick(60_000)
  assert.equal(rowsOf(db, 'series_hour'), 1)
  clock.advance(RAW_MS + HOUR_MS)
  t.mock.timers.tick(58 * 60_000)
  assert.equal(rowsOf(db, 'series_hour'), 1)
  t.mock.timers.tick(60_000)
  assert.equal(rowsOf(db, 'series_hour'), 0)
  store.stop()
  store.record('test.rate', clock.now(), 1)
  t.mock.timers.tick(60_000)
  assert.equal(rowsOf(db, 'series_hour'), 0, 'after the stop there is no timer')
})

test('a clock that is set back, or values of a broken clock, do no harm', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON + 600_000)
  const store = createSeriesStore(db, clock)
  store.define(rate(60))
  store.record('test.rate', clock.now(), 1)
  clock.set(NOON - 3 * HOUR_MS)
  store.record('test.rate', clock.now(), 2)
  store.flush()
  clock.set(NOON + 660_000)
  store.record('test.rate', clock.now(), 3)
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, clock.now() + 2 * HOUR_MS, clock.now() - RAW_MS - 1])
    store.record('test.rate', at, 99)
  store.flush()
  const read = store.read('test.rate', NOON - 4 * HOUR_MS, NOON + HOUR_MS, 400)
  assert.deepEqual(
    read?.average.filter((figure) => figure !== null),
    [2, 1, 3],
  )
  assert.equal(rowsOf(db, 'series_hour'), 2)
  store.stop()
})

test('a full disk never reaches who records, is reported, and loses nothing once there is space', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON)
  const errors: unknown[] = []
  const store = createSeriesStore(db, clock, (error) => errors.push(error))
  store.define(rate(1))
  db.exec('PRAGMA max_page_count = 1')
  for (let second = 0; second < 2 * 3600; second += 1) {
    clock.advance(1000)
    store.record('test.rate', clock.now(), second)
  }
  assert.throws(() => store.flush(), { code: 'NOC_STORE_FULL' })
  db.exec('PRAGMA max_page_count = 100000')
  store.stop()
  assert.deepEqual(errors, [])
  const reader = createSeriesStore(db, clock)
  assert.equal(
    reader.read('test.rate', NOON, clock.now(), 10_000)?.average.filter((figure) => figure !== null).length,
    7199,
  )
  reader.stop()
})

test('with the disk full for many hours the memory stays bounded and the newest hour is kept', async (t) => {
  const db = await temporaryStore(t)
  const clock = standingClock(NOON)
  const errors: unknown[] = []
  const store = createSeriesStore(db, clock, (error) => errors.push(error))
  store.define(rate(1))
  db.exec('PRAGMA max_page_count = 1')
  for (let hour = 0; hour < 24; hour += 1) {
    store.record('test.rate', clock.now(), hour)
    clock.advance(HOUR_MS)
  }
  const kept = store.read('test.rate', NOON, clock.now(), 24)?.average.filter((figure) => figure !== null) ?? []
  assert.ok(kept.length <= 3 && kept.at(-1) === 23, String(kept))
  assert.ok(errors.length > 0)
  store.stop()
})

test('a series can be measured at another step from now on, and keeps its past', async (t) => {
  const store = createSeriesStore(await temporaryStore(t), standingClock(NOON + 2 * HOUR_MS))
  store.define(rate(10))
  for (let second = 0; second < 3600 + 600; second += 10) store.record('test.rate', NOON + second * 1000, 4)
  store.define(rate(60))
  for (let second = 4200; second < 7200; second += 60) store.record('test.rate', NOON + second * 1000, 4)
  assert.deepEqual(store.names(), [rate(60)])
  const read = store.read('test.rate', NOON, NOON + 2 * HOUR_MS, 120)
  assert.deepEqual(
    read?.average,
    Array.from({ length: 120 }, () => 4),
  )
  store.stop()
})

test('definitions that cannot be kept are refused in words; more than the limit too', async (t) => {
  const db = await temporaryStore(t)
  const store = createSeriesStore(db, standingClock(NOON))
  for (const name of ['', 'rate', '.rate', 'a.', 'a b.c', 'a.b/c', 'a.\n', 'ü.a', `a.${'b'.repeat(119)}`])
    assert.throws(() => store.define({ name, unit: '', step: 10 }), { code: 'NOC_SERIES_DEFINITION' }, name)
  for (const step of [0, -1, 7, 0.5, 7200, Number.NaN])
    assert.throws(() => store.define(rate(step)), { code: 'NOC_SERIES_DEFINITION' }, String(step))
  assert.throws(() => store.record('test.never', NOON, 1), { code: 'NOC_SERIES_UNKNOWN' })
  assert.equal(store.read('test.never', 0, NOON, 10), null)
  db.transaction(() => {
    for (let index = 0; index < MAX_SERIES; index += 1) store.define({ name: `test.s-${index}`, unit: '', step: 10 })
  })
  assert.throws(() => store.define(rate(10)), { code: 'NOC_SERIES_LIMIT' })
  store.define({ name: 'test.s-0', unit: '', step: 10 })
  store.stop()
})

test('senseless ranges give no points instead of an error', async (t) => {
  const store = createSeriesStore(await temporaryStore(t), standingClock(NOON))
  store.define(rate(10))
  for (const [from, to, points] of [
    [NOON, NOON, 10],
    [NOON, NOON - 1, 10],
    [Number.NaN, NOON, 10],
    [0, Number.POSITIVE_INFINITY, 10],
  ] as const)
    assert.deepEqual(store.read('test.rate', from, to, points)?.at, [])
  for (const points of [0, -5, Number.NaN])
    assert.equal(store.read('test.rate', NOON - HOUR_MS, NOON, points)?.at.length, 1)
  assert.ok((store.read('test.rate', 0, NOON, 1e9)?.at.length ?? 0) <= 10_000)
  store.stop()
})
