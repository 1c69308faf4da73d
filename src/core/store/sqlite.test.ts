import assert from 'node:assert/strict'
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { NocError } from '../errors.ts'
import { openSqlite } from './sqlite.ts'

const failure = async (work: () => unknown): Promise<NocError> => {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof NocError, String(error))
    return error
  }
  throw new Error('nothing was thrown')
}

test('every kind of value comes back as it went in', async (t) => {
  const db = await openSqlite(join(temporaryDirectory(t), 'a.sqlite'))
  db.exec('CREATE TABLE thing (id INTEGER PRIMARY KEY, value)')
  const insert = db.prepare('INSERT INTO thing (value) VALUES (?)')
  const values = [null, 0, -1.5, Number.MAX_SAFE_INTEGER, '', 'ä\u001b\u{1f319}', new Uint8Array([0, 255])]
  for (const [index, value] of values.entries()) assert.deepEqual(insert.run(value), { changes: 1, id: index + 1 })
  const rows = db.prepare<{ value: unknown }>('SELECT value FROM thing ORDER BY id').all()
  assert.deepEqual(
    rows.map(({ value }) => value),
    values,
  )
  assert.equal(db.prepare('SELECT value FROM thing WHERE id = ?').get(99), undefined)
  db.close()
  db.close()
})

test('the database is durable, in write-ahead mode, with foreign keys, and only its owner may read it', async (t) => {
  const directory = temporaryDirectory(t)
  const db = await openSqlite(join(directory, 'a.sqlite'))
  db.exec('CREATE TABLE thing (id INTEGER)')
  const pragma = (name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  assert.equal(pragma('journal_mode'), 'wal')
  assert.equal(pragma('synchronous'), 1)
  assert.equal(pragma('busy_timeout'), 5000)
  assert.equal(pragma('foreign_keys'), 1)
  const files = readdirSync(directory)
  assert.ok(files.length >= 2, 'the write-ahead log is there')
  for (const file of files) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file)
  db.close()
})

test('a database that everybody could read is made private again', async (t) => {
  const file = join(temporaryDirectory(t), 'a.sqlite')
  const former = await openSqlite(file)
  former.close()
  chmodSync(file, 0o644)
  const db = await openSqlite(file)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  db.close()
})

test('a transaction that fails leaves nothing behind, and the next one works', async (t) => {
  const db = await openSqlite(join(temporaryDirectory(t), 'a.sqlite'))
  db.exec('CREATE TABLE thing (id INTEGER PRIMARY KEY)')
  const insert = db.prepare('INSERT INTO thing (id) VALUES (?)')
  const failing = (): void =>
    db.transaction(() => {
      insert.run(1)
      throw new RangeError('no')
    })
  assert.throws(failing, RangeError)
  assert.equal(
    db.transaction(() => insert.run(2).id),
    2,
  )
  assert.deepEqual(
    db
      .prepare('SELECT id FROM thing')
      .all()
      .map(({ id }) => id),
    [2],
  )
  db.close()
})

test('a file that is not a database is named, and left alone', async (t) => {
  const file = join(temporaryDirectory(t), 'a.sqlite')
  const text = 'just a diary\n'.repeat(500)
  writeFileSync(file, text)
  const error = await failure(() => openSqlite(file))
  assert.equal(error.code, 'NOC_STORE_NOT_A_DATABASE')
  assert.match(error.message, /a\.sqlite is not a database/)
  assert.equal(statSync(file).size, text.length)
})

test('a damaged database is said to be damaged', async (t) => {
  const file = join(temporaryDirectory(t), 'a.sqlite')
  const db = await openSqlite(file)
  db.exec('CREATE TABLE thing (value); INSERT INTO thing VALUES (zeroblob(100000))')
  db.close()
  const { size } = statSync(file)
  // The header stays; the pages behind it are nonsense.
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(size - 100, 0x55), 0, size - 100, 100)
  closeSync(descriptor)
  const error = await failure(async () => {
    const damaged = await openSqlite(file)
    damaged.prepare('SELECT * FROM thing').all()
  })
  assert.equal(error.code, 'NOC_STORE_DAMAGED')
})

test('a full disk is called a full disk, and what was stored before is kept', async (t) => {
  const db = await openSqlite(join(temporaryDirectory(t), 'a.sqlite'))
  db.exec('CREATE TABLE thing (value); INSERT INTO thing VALUES (1); PRAGMA max_page_count = 4')
  const fill = (): void =>
    db.transaction(() => {
      for (let i = 0; i < 100; i += 1) db.prepare('INSERT INTO thing VALUES (zeroblob(4000))').run()
    })
  assert.throws(fill, { code: 'NOC_STORE_FULL' })
  assert.equal(db.prepare('SELECT count(*) AS n FROM thing').get()?.['n'], 1)
  db.close()
})

test('a place that cannot hold a database is refused in words: no directory, a directory, a file in the path', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'b.sqlite'))
  writeFileSync(join(directory, 'file'), '')
  assert.equal((await failure(() => openSqlite(join(directory, 'none', 'a.sqlite')))).code, 'NOC_STORE_MISSING')
  const { mode } = statSync(join(directory, 'b.sqlite'))
  assert.equal((await failure(() => openSqlite(join(directory, 'b.sqlite')))).code, 'NOC_STORE_NOT_A_DATABASE')
  assert.equal(statSync(join(directory, 'b.sqlite')).mode, mode, 'and is left alone')
  assert.equal((await failure(() => openSqlite(join(directory, 'file', 'a.sqlite')))).code, 'NOC_STORE_DIRECTORY')
})

test('a mistake in our own SQL stays a bug with its own words', async (t) => {
  const db = await openSqlite(join(temporaryDirectory(t), 'a.sqlite'))
  assert.throws(
    () => db.exec('SELEC 1'),
    (error) => error instanceof Error && !(error instanceof NocError) && /syntax error/.test(error.message),
  )
  db.close()
})
