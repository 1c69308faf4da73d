import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { openSqlite } from '#core/store/sqlite.ts'
import { killHard, linesOf, startScript, temporaryDirectory } from '../../../../test/fixtures/store/temporary.ts'
import type { RelayMap } from '../types.ts'
import { mapWire, namesWire } from '../wire-map.ts'
import { HOUR, pretendNetwork } from './fixtures/network.ts'
import { HISTORY_FILE, type History, openHistory } from './store.ts'

const FROM = Date.UTC(2026, 10, 1)
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code
const network = pretendNetwork(120, FROM)
/** Two weeks: several roots, and many hours between them. */
const hours = Array.from({ length: 14 * 24 }, () => network.next())
const at = (index: number): RelayMap => hours[index] as RelayMap
const time = (index: number): number => FROM + index * HOUR

async function opened(t: TestContext, folder = temporaryDirectory(t)): Promise<History> {
  const history = await openHistory(folder, FROM)
  t.after(() => history.close())
  return history
}

test('two weeks of hours come back as they were, in any order, also after a restart', async (t) => {
  const folder = temporaryDirectory(t)
  const writing = await opened(t, folder)
  for (const map of hours) assert.equal(await writing.add(map), true)
  assert.deepEqual(await writing.open(time(200)), at(200))
  writing.close()
  const history = await opened(t, folder)
  assert.deepEqual(
    history.hours(),
    hours.map((_, index) => time(index)),
  )
  for (let index = 0; index < hours.length; index += 1) {
    const any = (index * 131) % hours.length
    assert.deepEqual(await history.open(time(any)), at(any), `hour ${any}`)
  }
})

test('an hour that is opened only to be drawn gives the same documents', async (t) => {
  const history = await opened(t)
  for (const index of [0, 1, 2]) await history.add(at(index))
  const drawn = await history.openDrawn(time(2))
  assert.deepEqual(mapWire(drawn), mapWire(at(2)))
  assert.deepEqual(namesWire(drawn), namesWire(at(2)))
  await assert.rejects(history.openDrawn(time(3)), fails('NOC_TORMAP_NO_HOUR'))
})

test('hours that come late, or with gaps between them, are kept in their place', async (t) => {
  const history = await opened(t)
  const order = [5, 9, 2, 40, 39, 41, 0, 7]
  for (const index of order) await history.add(at(index))
  assert.deepEqual(history.hours(), order.toSorted((a, b) => a - b).map(time))
  for (const index of order) assert.deepEqual(await history.open(time(index)), at(index), `hour ${index}`)
})

test('an hour is kept once, and a verified one replaces one that was not', async (t) => {
  const history = await opened(t)
  const unverified: RelayMap = { ...at(3), verification: { ...at(3).verification, state: 'unverified', good: 0 } }
  assert.equal(await history.add(unverified), true)
  assert.equal(await history.add({ ...unverified, relays: [] }), false)
  assert.equal(await history.add(at(3)), true)
  assert.equal(await history.add(unverified), false)
  assert.deepEqual(await history.open(time(3)), at(3))
  assert.equal(history.hours().length, 1)
})

test('two that are added at the same time do not get into each other', async (t) => {
  const history = await opened(t)
  await Promise.all([at(0), at(1), at(2), at(1)].map((map) => history.add(map)))
  assert.deepEqual(history.hours(), [time(0), time(1), time(2)])
  for (const index of [2, 0, 1]) assert.deepEqual(await history.open(time(index)), at(index))
})

test('what a new hour rests on is not pruned while it is being added', async (t) => {
  const folder = temporaryDirectory(t)
  const history = await opened(t, folder)
  for (const map of hours.slice(0, 6)) await history.add(map)
  await Promise.all([history.add(at(6)), history.prune(time(6))])
  assert.deepEqual(history.hours(), [time(6)])
  assert.deepEqual(await (await opened(t, folder)).open(time(6)), at(6))
})

test('what was pruned is gone, what remains can be opened', async (t) => {
  const history = await opened(t)
  for (const map of hours.slice(0, 200)) await history.add(map)
  for (const first of [20, 100, 180]) {
    await history.prune(time(first))
    assert.equal(history.hours()[0], time(first))
    assert.deepEqual(await history.open(time(first)), at(first))
    await assert.rejects(history.open(time(first - 1)), fails('NOC_TORMAP_NO_HOUR'))
  }
  for (let index = 180; index < 200; index += 1) assert.deepEqual(await history.open(time(index)), at(index))
  await history.add(at(200))
  assert.deepEqual(await history.open(time(200)), at(200))
  assert.equal(history.counts(0, Infinity).at[0], time(180))
  await history.prune(time(1000))
  assert.deepEqual(history.hours(), [])
})

test('pruning gives room back to what comes', async (t) => {
  const folder = temporaryDirectory(t)
  const history = await opened(t, folder)
  for (const map of hours.slice(0, 200)) await history.add(map)
  await history.prune(time(190))
  history.close()
  const db = await openSqlite(join(folder, HISTORY_FILE))
  t.after(() => db.close())
  const left = db.prepare<{ n: number }>('SELECT count(*) AS n FROM hour').get()?.n ?? 0
  assert.ok(left < 40, `${left} rows for 10 hours`)
})

test('a relay was first seen in the first hour that has it, whatever the order of adding', async (t) => {
  const history = await opened(t)
  for (const index of [30, 31, 10, 60]) await history.add(at(index))
  for (const index of [60, 31, 30, 10]) {
    for (const { entry } of at(index).relays) {
      const has = (map: RelayMap): boolean => map.relays.some((one) => one.entry.fingerprint === entry.fingerprint)
      assert.equal(history.firstSeen(entry.fingerprint), time([10, 30, 31, 60].find((one) => has(at(one))) ?? 0))
    }
  }
  assert.equal(history.firstSeen('0'.repeat(40)), null)
})

test('counts are those of the hours, and a missing hour is a gap', async (t) => {
  const history = await opened(t)
  for (const index of [0, 1, 4]) await history.add(at(index))
  const { at: times, relays, bandwidth } = history.counts(time(0), time(100))
  assert.deepEqual(times, [0, 1, 2, 3, 4].map(time))
  const exits = (map: RelayMap): number => map.relays.filter(({ original }) => original === 'exit').length
  assert.deepEqual(relays.exit, [exits(at(0)), exits(at(1)), null, null, exits(at(4))])
  const stable = at(4).relays.filter(({ original }) => original === 'stable')
  assert.equal(
    bandwidth.stable[4],
    stable.reduce((sum, { observed }) => sum + (observed ?? 0), 0),
  )
  assert.deepEqual(history.counts(time(1), time(3)).at, [time(1)])
})

test('bandwidth that nobody told is not known, rather than nothing', async (t) => {
  const history = await opened(t)
  await history.add({ ...at(0), relays: at(0).relays.map((relay) => ({ ...relay, observed: null, descriptor: null })) })
  assert.deepEqual(history.counts(0, Infinity).bandwidth.exit, [null])
})

test('kill -9 loses no hour that was kept', async (t) => {
  const folder = temporaryDirectory(t)
  const script = '../../../src/systems/tormap/history/fixtures/keep-hours.ts'
  for (const lines of [3, 17]) {
    const child = startScript(t, script, folder, String(FROM))
    const kept = await linesOf(child, lines)
    await killHard(child)
    assert.equal(kept.length, lines)
    const history = await openHistory(folder, FROM)
    const all = history.hours()
    for (const hour of kept) assert.ok(all.includes(Number(hour)))
    const again = pretendNetwork(200, FROM)
    for (const hour of all) assert.deepEqual(await history.open(hour), again.next())
    history.close()
  }
})

test('a file that is damaged is said to be damaged, and keeps what comes all the same', async (t) => {
  const folder = temporaryDirectory(t)
  const history = await opened(t, folder)
  for (const index of [0, 1]) await history.add(at(index))
  history.close()
  const db = await openSqlite(join(folder, HISTORY_FILE))
  db.prepare('UPDATE hour SET delta = substr(delta, 1, 100) WHERE base IS NULL').run()
  db.close()
  const again = await opened(t, folder)
  await assert.rejects(again.open(time(1)), fails('NOC_TORMAP_HISTORY'))
  await again.add(at(2))
  await again.add(at(3))
  assert.deepEqual(await again.open(time(3)), at(3))
})
