import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { alive, childrenOf, parseStat, processOf } from './processes.ts'

test('a process whose name tries to look like other fields is read rightly', () => {
  const text = `42 (a) R 1 (b)) S 7 42 42 0 -1 4194560 78 0 0 0 0 0 0 0 20 0 1 0 523101 2654208 388\n`
  assert.deepEqual(parseStat(text), { pid: 42, started: 523101, state: 'S', parent: 7 })
})

test('what is cut off or garbage is no process', () => {
  const text = '42 (sh) S 7 42 42 0 -1 4194560 78 0 0 0 0 0 0 0 20 0 1 0 523101'
  for (let end = 0; end < text.length - 6; end += 1)
    assert.equal(parseStat(text.slice(0, end)), null, text.slice(0, end))
  fc.assert(fc.property(fc.string(), (garbage) => void parseStat(garbage)))
})

test('a process is alive until it ends, and another with its number is not it', async (t) => {
  const child = spawn('sleep', ['60'])
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const found = processOf(child.pid ?? 0)
  assert.ok(found && alive(found))
  assert.ok(childrenOf(process.pid).includes(found.pid))
  assert.equal(alive({ ...found, started: found.started - 1 }), false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(alive(found), false)
})
