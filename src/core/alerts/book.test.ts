import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { standingClock, temporaryStore } from '../../../test/fixtures/store/temporary.ts'
import type { Database } from '../store/database.ts'
import type { Severity, Verdict } from '../verdict.ts'
import { type AlertChange, createAlertBook, FLAP_MS } from './book.ts'
import { REFRESH_MS } from './reconcile.ts'
import { acknowledge, addEvent, clearAbandoned, listAlerts, listEvents, silence } from './table.ts'
import type { AlertBook } from './types.ts'

const START = 1_795_000_000_000
const HOLD_MS = 60_000
const DAY_MS = 86_400_000

const hang = (severity: Severity = 'warning', count = 111): Verdict => ({
  key: 'hang:apache2:192.0.2.1:80',
  severity,
  summary: `${count} ESTABLISHED apache2 -> 192.0.2.1 port 80`,
  evidence: 'idle median 41 min',
  fix: 'Close them.',
  commands: ['noc connections close --remote 192.0.2.1'],
})
const other: Verdict = { ...hang('critical'), key: 'hang:php:192.0.2.2:443', summary: '40 ESTABLISHED php' }

interface Scene {
  readonly db: Database
  readonly clock: ReturnType<typeof standingClock>
  readonly changes: string[]
  readonly book: () => AlertBook
}
async function scene(t: TestContext): Promise<Scene> {
  const db = await temporaryStore(t)
  const clock = standingClock(START)
  const changes: string[] = []
  const onChange = ({ kind, alert }: AlertChange): void => void changes.push(`${kind} ${alert.id} ${alert.severity}`)
  return { db, clock, changes, book: () => createAlertBook(db, clock, { system: 'connections', onChange }) }
}
const openAlerts = (db: Database): ReturnType<typeof listAlerts> => listAlerts(db, { which: 'open', limit: 1000 })
const nightLine = (db: Database): readonly string[] =>
  listEvents(db, 0, Number.MAX_SAFE_INTEGER, 100).map(({ at, severity, text }) => `${at - START} ${severity} ${text}`)

test('a trouble is one alert from its first sight to its end, with an event for both', async (t) => {
  const { db, clock, changes, book } = await scene(t)
  const alerts = book()
  assert.equal(alerts.since(hang().key), null)
  alerts.sync([hang()])
  clock.advance(REFRESH_MS)
  alerts.sync([hang('warning', 120)])
  assert.deepEqual(openAlerts(db), [
    {
      id: 1,
      system: 'connections',
      ...hang('warning', 120),
      since: START,
      seen: START + REFRESH_MS,
      cleared: null,
      acknowledged: null,
      silencedUntil: null,
    },
  ])
  assert.equal(alerts.since(hang().key), START)
  clock.advance(1000)
  alerts.sync([])
  assert.equal(openAlerts(db).length, 1, 'not over before the hold time')
  clock.advance(HOLD_MS)
  alerts.sync([])
  assert.deepEqual(openAlerts(db), [])
  const [past] = listAlerts(db, { which: 'all', limit: 10 })
  assert.deepEqual([past?.seen, past?.cleared], [START + REFRESH_MS, START + REFRESH_MS + 1000])
  assert.equal(alerts.since(hang().key), null)
  assert.deepEqual(changes, ['raised 1 warning', 'cleared 1 warning'])
  assert.deepEqual(nightLine(db), [
    '0 warning 111 ESTABLISHED apache2 -> 192.0.2.1 port 80',
    '11000 ok over: 120 ESTABLISHED apache2 -> 192.0.2.1 port 80',
  ])
})

test('saying the same a thousand times changes nothing', async (t) => {
  const { db, changes, book } = await scene(t)
  const alerts = book()
  for (let i = 0; i < 1000; i += 1) alerts.sync([hang(), other])
  assert.equal(openAlerts(db).length, 2)
  assert.deepEqual(changes, ['raised 1 critical', 'raised 2 warning'])
  assert.equal(nightLine(db).length, 2)
})

test('a finding that flickers is one alert', async (t) => {
  const { db, clock, changes, book } = await scene(t)
  const alerts = book()
  for (let i = 0; i < 100; i += 1) {
    alerts.sync(i % 2 === 0 ? [hang()] : [])
    clock.advance(HOLD_MS - 1)
  }
  assert.deepEqual(changes, ['raised 1 warning'])
  assert.equal(alerts.since(hang().key), START)
  assert.equal(listAlerts(db, { which: 'all', limit: 10 }).length, 1)
})

test('it comes back soon: the same alert; after the flap window: a new one', async (t) => {
  const { db, clock, changes, book } = await scene(t)
  const alerts = book()
  const gone = (): void => {
    alerts.sync([])
    clock.advance(HOLD_MS)
    alerts.sync([])
  }
  alerts.sync([hang()])
  acknowledge(db, 1, '127.0.0.1', clock.now())
  gone()
  clock.advance(FLAP_MS - HOLD_MS)
  alerts.sync([hang('warning', 99)])
  const [again] = openAlerts(db)
  assert.deepEqual([again?.id, again?.since, again?.summary], [1, START, hang('warning', 99).summary])
  assert.equal(again?.acknowledged?.by, '127.0.0.1', 'who looked after it still does')
  assert.equal(alerts.since(hang().key), START)
  gone()
  clock.advance(FLAP_MS - HOLD_MS + 1)
  alerts.sync([hang()])
  assert.equal(openAlerts(db)[0]?.id, 2)
  assert.equal(alerts.since(hang().key), clock.now())
  assert.deepEqual(changes, [
    'raised 1 warning',
    'cleared 1 warning',
    'raised 1 warning',
    'cleared 1 warning',
    'raised 2 warning',
  ])
  assert.match(nightLine(db)[2] ?? '', /warning again: 99 ESTABLISHED/)
})

test('a trouble that gets worse is told, and wants somebody again', async (t) => {
  const { db, clock, changes, book } = await scene(t)
  const alerts = book()
  alerts.sync([hang()])
  acknowledge(db, 1, 'anna', clock.now())
  clock.advance(1000)
  alerts.sync([hang('critical', 400)])
  const [alert] = openAlerts(db)
  assert.deepEqual(
    [alert?.severity, alert?.summary, alert?.acknowledged],
    ['critical', hang('critical', 400).summary, null],
  )
  assert.equal(alert?.since, START)
  assert.deepEqual(changes, ['raised 1 warning', 'risen 1 critical'])
  assert.match(nightLine(db)[1] ?? '', /^1000 critical 400 ESTABLISHED/)
})

test('after a restart what was open stays open until the system has looked, and then goes its way', async (t) => {
  const { db, clock, changes, book } = await scene(t)
  book().sync([hang(), other])
  clock.advance(3_600_000)
  const after = book()
  assert.equal(after.since(hang().key), START, 'known before the first look')
  assert.equal(openAlerts(db).length, 2)
  after.sync([hang()])
  assert.equal(openAlerts(db).length, 2, 'the first look may be half blind')
  clock.advance(HOLD_MS)
  after.sync([hang()])
  assert.deepEqual(
    openAlerts(db).map(({ key }) => key),
    [hang().key],
  )
  assert.deepEqual(changes.slice(2), ['cleared 1 critical'])
})

test('systems do not see each other: the same key is two alerts', async (t) => {
  const { db, clock } = await scene(t)
  const books = ['bind', 'music'].map((system) => createAlertBook(db, clock, { system, onChange: () => {}, holdMs: 0 }))
  for (const book of books) book.sync([hang()])
  assert.deepEqual(
    openAlerts(db)
      .map(({ system }) => system)
      .toSorted(),
    ['bind', 'music'],
  )
  books[0]?.sync([])
  assert.deepEqual(
    openAlerts(db).map(({ system }) => system),
    ['music'],
  )
})

test('alerts of systems that no longer run are ended', async (t) => {
  const { db, clock, book } = await scene(t)
  book().sync([hang()])
  assert.equal(clearAbandoned(db, ['connections', 'bind'], clock.now()), 0)
  assert.equal(clearAbandoned(db, ['bind'], clock.now()), 1)
  assert.deepEqual(openAlerts(db), [])
})

test('the list starts with what is open, the worst and newest first', async (t) => {
  const { db, clock, book } = await scene(t)
  const alerts = book()
  const old = { ...hang('critical'), key: 'old' }
  const gone = { ...hang('critical'), key: 'gone' }
  alerts.sync([old, gone])
  clock.advance(1000)
  alerts.sync([old, { ...hang('critical'), key: 'new' }, hang()])
  clock.advance(HOLD_MS)
  alerts.sync([old, { ...hang('critical'), key: 'new' }, hang()])
  const keys = (which: 'open' | 'all', limit: number): readonly string[] =>
    listAlerts(db, { which, limit }).map(({ key }) => key)
  assert.deepEqual(keys('all', 10), ['new', 'old', hang().key, 'gone'])
  assert.deepEqual(keys('open', 10), ['new', 'old', hang().key])
  assert.deepEqual(keys('all', 2), ['new', 'old'])
})

test('acknowledging and silencing say whether there is such an alert', async (t) => {
  const { db, clock, book } = await scene(t)
  book().sync([hang()])
  assert.equal(acknowledge(db, 1, '127.0.0.1', clock.now()), true)
  assert.equal(silence(db, 1, START + 5000), true)
  const [alert] = openAlerts(db)
  assert.deepEqual([alert?.acknowledged, alert?.silencedUntil], [{ at: START, by: '127.0.0.1' }, START + 5000])
  assert.equal(silence(db, 1, null), true)
  assert.equal(openAlerts(db)[0]?.silencedUntil, null)
  assert.equal(acknowledge(db, 99, 'x', 0), false)
  assert.equal(silence(db, 99, 0), false)
})

test('names from outside are kept as they are, but bounded', async (t) => {
  const { db, book } = await scene(t)
  const nasty = `evil\u001b[2J<script>"'${'x'.repeat(100_000)}`
  book().sync([
    { ...hang(), summary: nasty, evidence: nasty, fix: nasty, commands: Array.from({ length: 1000 }, () => nasty) },
  ])
  const [alert] = openAlerts(db)
  assert.ok(alert)
  assert.ok(nasty.startsWith(alert.summary) && alert.summary.length === 2000)
  assert.ok(JSON.stringify(alert).length < 100_000)
  assert.ok(alert.commands.every((command) => nasty.startsWith(command)))
})

test('whatever a key is made of, it is the same trouble after a restart', async (t) => {
  const { db, clock, book } = await scene(t)
  const keys = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom('\0', 'a\0b', '\ud800', `${'x'.repeat(1999)}\ud83d\ude00`, ''),
  )
  fc.assert(
    fc.property(keys, (key) => {
      clock.advance(FLAP_MS + HOLD_MS)
      const since = clock.now()
      book().sync([{ ...hang(), key }])
      const before = openAlerts(db).length
      clock.advance(1)
      const after = book()
      after.sync([{ ...hang(), key }])
      assert.equal(openAlerts(db).length, before)
      assert.equal(after.since(key), since)
      clearAbandoned(db, [], clock.now())
    }),
  )
})

test('the night line is bounded in time and in number, and lists the newest in order', async (t) => {
  const { db } = await scene(t)
  const event = (at: number, text: string): void => addEvent(db, { at, system: 'daemon', severity: 'info', text })
  event(START - 401 * DAY_MS, 'last year')
  event(START, 'b')
  event(START + 2, 'd')
  event(START + 1, 'c')
  assert.deepEqual(
    listEvents(db, 0, START + 10, 2).map(({ text }) => text),
    ['c', 'd'],
  )
  assert.deepEqual(
    listEvents(db, START, START + 2, 10).map(({ text }) => text),
    ['b', 'c'],
  )
  db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100050)
    INSERT INTO event (at, system, severity, text) SELECT ${START}, 'daemon', 'info', '' FROM n`)
  event(START, 'one more')
  assert.equal(db.prepare('SELECT count(*) AS n FROM event').get()?.['n'], 100_000)
})

test('cleared alerts are forgotten after 400 days, open ones never', async (t) => {
  const { db, clock } = await scene(t)
  const book = createAlertBook(db, clock, { system: 'connections', onChange: () => {}, holdMs: 0 })
  book.sync([hang(), other])
  book.sync([hang()])
  clock.advance(401 * DAY_MS)
  book.sync([hang(), { ...other, key: 'new' }])
  assert.deepEqual(
    listAlerts(db, { which: 'all', limit: 10 }).map(({ key }) => key),
    ['new', hang().key],
  )
})

test('a full disk does not stop the system that looks; the alert is kept once there is space', async (t) => {
  const { db, clock, changes } = await scene(t)
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const onChange = ({ kind }: AlertChange): void => void changes.push(kind)
  const alerts = createAlertBook(db, clock, { system: 'connections', onChange, onError })
  const many = Array.from({ length: 200 }, (_, index) => ({ ...hang(), key: `k${index}`, evidence: 'x'.repeat(2000) }))
  db.exec('PRAGMA max_page_count = 1')
  alerts.sync(many)
  alerts.event({ severity: 'info', text: 'y'.repeat(2000) })
  assert.ok(errors.length >= 1)
  assert.deepEqual([openAlerts(db), changes], [[], []])
  db.exec('PRAGMA max_page_count = 100000')
  alerts.sync(many)
  assert.equal(openAlerts(db).length, 200)
  assert.equal(changes.length, 200)
  alerts.sync([])
  clock.advance(HOLD_MS)
  db.exec('PRAGMA query_only = ON')
  alerts.sync([])
  db.exec('PRAGMA query_only = OFF')
  assert.equal(alerts.since('k0'), START, 'not over while it could not be written')
  alerts.sync([])
  assert.deepEqual([openAlerts(db).length, changes.length], [0, 400])
})
