import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { killHard, linesOf, startScript, temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { lockDataDirectory } from './lock.ts'
import { PRESENCE_FILE, readPresence, removePresence, writePresence } from './presence.ts'

test('a second daemon is refused with the pid and address of the first, until that is killed', async (t) => {
  const directory = temporaryDirectory(t)
  const child = startScript(t, 'hold-lock.ts', directory)
  assert.deepEqual(await linesOf(child, 1), ['locked'])
  await assert.rejects(lockDataDirectory(directory), {
    code: 'NOC_DAEMON_RUNNING',
    message: `A daemon already runs on ${directory} (process ${child.pid}, http://127.0.0.1:8470).`,
    hint: new RegExp(`kill ${child.pid}`),
  })
  assert.equal(readPresence(directory)?.pid, child.pid, 'a refused daemon leaves the announcement alone')
  await killHard(child)
  const lock = await lockDataDirectory(directory)
  assert.equal(readPresence(directory), null, 'the killed one is not announced any more')
  lock.release()
})

test('the lock holds within one process too, and can be taken again after its release', async (t) => {
  const directory = temporaryDirectory(t)
  const lock = await lockDataDirectory(directory)
  writePresence(directory, { pid: 1, url: 'http://[::1]:8470', started: 5 })
  await assert.rejects(lockDataDirectory(directory), { code: 'NOC_DAEMON_RUNNING' })
  lock.release()
  assert.equal(existsSync(join(directory, PRESENCE_FILE)), false)
  const next = await lockDataDirectory(directory)
  writePresence(directory, { pid: 2, url: 'http://[::1]:8470', started: 6 })
  lock.release()
  assert.equal(readPresence(directory)?.pid, 2, 'an old release forgets no newer daemon')
  await assert.rejects(lockDataDirectory(directory), { code: 'NOC_DAEMON_RUNNING' }, 'an old release frees nothing')
  next.release()
})

test('a lock that is kept nowhere is not lost to the garbage collector', async (t) => {
  const directory = temporaryDirectory(t)
  await lockDataDirectory(directory)
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i += 1) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await assert.rejects(lockDataDirectory(directory), { code: 'NOC_DAEMON_RUNNING' })
})

test('the announcement is private, replaced as a whole, and comes back as it was', (t) => {
  const directory = temporaryDirectory(t)
  assert.equal(readPresence(directory), null)
  for (const pid of [4711, 4712]) {
    const presence = { pid, url: 'http://127.0.0.1:8470', started: 1_795_000_000_000 }
    writePresence(directory, presence)
    assert.deepEqual(readPresence(directory), presence)
  }
  assert.deepEqual(readdirSync(directory), [PRESENCE_FILE])
  assert.equal(statSync(join(directory, PRESENCE_FILE)).mode & 0o777, 0o600)
  removePresence(directory)
  removePresence(directory)
  assert.equal(readPresence(directory), null)
})

test('an announcement that is nonsense is none', (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, PRESENCE_FILE)
  const valid = '{"pid":1,"url":"http://127.0.0.1:1","started":2}'
  for (let length = 0; length < valid.length; length += 1) {
    writeFileSync(file, valid.slice(0, length))
    assert.equal(readPresence(directory), null, valid.slice(0, length))
  }
  for (const text of ['null', '[]', '3', '{"pid":"1","url":"x","started":2}', valid + ' '.repeat(5000)]) {
    writeFileSync(file, text)
    assert.equal(readPresence(directory), null, text.slice(0, 50))
  }
  removePresence(directory)
  symlinkSync('/dev/zero', file)
  assert.equal(readPresence(directory), null, 'a device is never read')
})
