import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { standingClock, temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { listAlerts, listEvents } from '../alerts/table.ts'
import { createSeriesStore } from '../series/store.ts'
import type { Database } from './database.ts'
import { migrate, type Migration } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { openStore, STORE_FILE } from './open.ts'
import { openSqlite } from './sqlite.ts'

/** The time at which the fixtures were made. */
const MADE_AT = 1_795_000_000_000
const HOUR = Math.floor(MADE_AT / 3_600_000) * 3_600_000

const schema = (db: Database): readonly unknown[] =>
  db.prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all()

/** A store as version `number` of the schema left it. */
async function storeOf(directory: string, number: number): Promise<void> {
  const db = await openSqlite(join(directory, STORE_FILE))
  db.exec(readFileSync(join(import.meta.dirname, `../../../test/fixtures/store/schema-${number}.sql`), 'utf8'))
  db.close()
}

test('migrations are numbered from 1 without a gap', () => {
  assert.deepEqual(
    migrations.map(({ number }) => number),
    migrations.map((_, index) => index + 1),
  )
})

for (const { number } of migrations) {
  test(`a database of schema ${number} is brought up to date, and its figures are still there`, async (t) => {
    const directory = temporaryDirectory(t)
    await storeOf(directory, number)
    const db = await openStore(directory, { create: false })
    t.after(() => db.close())
    const fresh = await openStore(temporaryDirectory(t), { create: true })
    t.after(() => fresh.close())
    assert.deepEqual(schema(db), schema(fresh), 'the same schema as a new one')
    const series = createSeriesStore(db, standingClock(MADE_AT))
    t.after(() => series.stop())
    assert.deepEqual(series.names(), [{ name: 'interrupts.rate', unit: '/s', step: 60 }])
    const read = series.read('interrupts.rate', HOUR, HOUR + 360_000, 6)
    assert.deepEqual(read?.average, [100, 200, 600, null, null, 48_200])
    const rolled = series.read('interrupts.rate', HOUR, HOUR + 3_600_000, 12)
    assert.deepEqual(rolled?.maximum, [600, 48_200, ...Array.from({ length: 9 }, () => null), 7.5])
  })
}

test('alerts and the night line of schema 2 are read as they were', async (t) => {
  const directory = temporaryDirectory(t)
  await storeOf(directory, 2)
  const db = await openStore(directory, { create: false })
  t.after(() => db.close())
  const [open, past] = listAlerts(db, { which: 'all', limit: 10 })
  assert.equal(open?.key, 'hang:apache2:192.0.2.1:80')
  assert.deepEqual(open.acknowledged, { at: MADE_AT, by: '127.0.0.1' })
  assert.deepEqual(open.commands, ['noc connections close --remote 192.0.2.1'])
  assert.equal(past?.cleared, MADE_AT - 5000)
  assert.deepEqual(
    listEvents(db, 0, MADE_AT, 10).map(({ severity, text }) => [severity, text]),
    [['ok', 'over: Interrupt 24 comes 48,200 times a second']],
  )
})

const one: Migration = { number: 1, name: 'one', sql: 'CREATE TABLE a (x)' }
const two: Migration = { number: 2, name: 'two', sql: 'CREATE TABLE b (x)' }

async function empty(t: Parameters<typeof temporaryDirectory>[0]): Promise<Database> {
  const db = await openSqlite(join(temporaryDirectory(t), 'a.sqlite'))
  t.after(() => db.close())
  return db
}

test('each step is applied once, with its time', async (t) => {
  const db = await empty(t)
  migrate(db, [one], 1000)
  migrate(db, [one, two], 2000)
  migrate(db, [one, two], 3000)
  const rows = db.prepare('SELECT number, name, applied_at AS at FROM schema_migration ORDER BY number').all()
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { number: 1, name: 'one', at: 1000 },
      { number: 2, name: 'two', at: 2000 },
    ],
  )
})

test('a process that was faster with the same step does no harm', async (t) => {
  const directory = temporaryDirectory(t)
  const [slow, fast] = [await openSqlite(join(directory, 'a.sqlite')), await openSqlite(join(directory, 'a.sqlite'))]
  // The other one goes all the way while this one has looked but not begun.
  const overtaken: Database = {
    ...slow,
    transaction: (work) => {
      migrate(fast, [one, two], 1000)
      return slow.transaction(work)
    },
  }
  migrate(overtaken, [one, two], 2000)
  assert.equal(slow.prepare('SELECT max(applied_at) AS at FROM schema_migration').get()?.['at'], 1000)
  slow.close()
  fast.close()
})

test('a step that fails leaves the database at the step before', async (t) => {
  const db = await empty(t)
  const broken: Migration = { number: 2, name: 'two', sql: 'CREATE TABLE b (x); CREATE TABLE a (x)' }
  assert.throws(() => migrate(db, [one, broken], 1000), /already exists/)
  const before = schema(db)
  migrate(db, [one], 1000)
  assert.deepEqual(schema(db), before)
  migrate(db, [one, two], 1000)
})

test('a database of a newer program is refused untouched', async (t) => {
  const db = await empty(t)
  migrate(db, [one, two], 1000)
  const before = schema(db)
  assert.throws(() => migrate(db, [one], 2000), { code: 'NOC_STORE_NEWER', message: /has schema 2, .* only 1\./ })
  assert.deepEqual(schema(db), before)
})

test('a database whose steps have other names is refused', async (t) => {
  const db = await empty(t)
  migrate(db, [one], 1000)
  assert.throws(() => migrate(db, [{ ...one, name: 'uno' }, two], 2000), { code: 'NOC_STORE_FOREIGN' })
})
