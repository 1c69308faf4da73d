import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { killHard, linesOf, startScript, temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { listEvents } from '../alerts/table.ts'
import { systemClock } from '../clock.ts'
import { createSeriesStore } from '../series/store.ts'
import { openStore, STORE_FILE } from './open.ts'

test('the data directory is made for its owner only', async (t) => {
  const directory = join(temporaryDirectory(t), 'share', 'nocturne')
  const db = await openStore(directory, { create: true })
  db.close()
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, STORE_FILE)).mode & 0o777, 0o600)
})

test('a command does not make a database where none is', async (t) => {
  const directory = temporaryDirectory(t)
  await assert.rejects(openStore(directory, { create: false }), { code: 'NOC_STORE_MISSING' })
  assert.throws(() => statSync(join(directory, STORE_FILE)), { code: 'ENOENT' })
})

test('a data directory that is a file, or lies below one, is refused in words', async (t) => {
  const file = join(temporaryDirectory(t), 'file')
  writeFileSync(file, '')
  for (const directory of [file, join(file, 'below')])
    await assert.rejects(openStore(directory, { create: true }), { code: 'NOC_STORE_DIRECTORY' })
})

test('a directory that this user may not write is refused in words', async (t) => {
  const directory = temporaryDirectory(t)
  chmodSync(directory, 0o555)
  // Root may write anywhere, so it is nobody for a moment.
  const user = process.geteuid?.() ?? 0
  if (user === 0) process.seteuid?.(65_534)
  try {
    await assert.rejects(openStore(directory, { create: true }), { code: 'NOC_STORE_PERMISSION' })
  } finally {
    process.seteuid?.(user)
  }
})

test('several processes may make and open the same store at the same moment', async (t) => {
  const directory = temporaryDirectory(t)
  const children = Array.from({ length: 4 }, () => startScript(t, 'open-once.ts', directory))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown))
  assert.deepEqual(codes, [0, 0, 0, 0])
  const db = await openStore(directory, { create: false })
  t.after(() => db.close())
  assert.equal(listEvents(db, 0, Number.MAX_SAFE_INTEGER, 10).length, 4)
})

test('kill -9 in the middle of writing loses nothing that was flushed, and never the database', async (t) => {
  const directory = temporaryDirectory(t)
  for (const after of [1, 7, 40, 300]) {
    const child = startScript(t, 'write-loop.ts', directory)
    const lines = await linesOf(child, after)
    await killHard(child)
    assert.equal(lines.length, after)
    const db = await openStore(directory, { create: false })
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    const series = createSeriesStore(db, systemClock)
    // The hour may have turned since the child looked at the clock.
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000
    const kept = series.read('test.c', hour - 3_600_000, hour + 3_600_000, 7200)?.maximum ?? []
    const last = Math.max(...kept.filter((figure) => figure !== null))
    assert.ok(last >= Number(lines.at(-1)), `${last} is stored, ${lines.at(-1)} was promised`)
    series.stop()
    db.close()
  }
  assert.equal(readFileSync(join(directory, STORE_FILE)).toString('latin1', 0, 15), 'SQLite format 3')
})
