import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { bootstrap, parseBootstrap } from './control.ts'

test('how far tor is, in its own words', () => {
  const line = 'NOTICE BOOTSTRAP PROGRESS=45 TAG=requesting_descriptors SUMMARY="Asking for relay descriptors"'
  assert.deepEqual(parseBootstrap(line), { percent: 45, doing: 'Asking for relay descriptors' })
  assert.deepEqual(parseBootstrap('NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"'), {
    percent: 100,
    doing: 'Done',
  })
  for (const text of ['', 'NOTICE BOOTSTRAP', 'PROGRESS=', 'PROGRESS=1000']) assert.equal(parseBootstrap(text), null)
})

test('a tor that is not there is told with what to do', async () => {
  await assert.rejects(bootstrap('/nonexistent/control'), (error) => {
    assert.ok(error instanceof NocError)
    assert.match(error.message, /\/nonexistent\/control/)
    assert.match(error.hint ?? '', /noc torbox verify/)
    return true
  })
})
