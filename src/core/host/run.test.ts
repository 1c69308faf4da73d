import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NocError, exitCode } from '../errors.ts'
import { run } from './run.ts'

const limits = { timeoutMs: 10_000, maxBytes: 65_536 }
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

/** True while a process lives; a zombie that nobody has reaped yet is dead. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('a program gets its arguments untouched by any shell, and its input', async () => {
  const result = await run(['sh', '-c', 'printf "%s|" "$@"; cat', 'sh', '$(id)', 'a b', ''], { ...limits, stdin: 'in' })
  assert.equal(result.code, 0)
  assert.equal(result.stdout.toString(), '$(id)|a b||in')
})

test('a program that fails is an answer: its code and what it said on stderr', async () => {
  const result = await run(['sh', '-c', 'echo no >&2; exit 7'], limits)
  assert.deepEqual([result.code, result.stderr], [7, 'no\n'])
  assert.equal((await run(['sh', '-c', 'kill -TERM $$'], limits)).code, 128 + 15)
})

test('nothing of our environment reaches the program but what it needs', async () => {
  process.env['NOC_TEST_SECRET'] = 'secret'
  const result = await run(['env'], { ...limits, env: { EXTRA: '1' } })
  delete process.env['NOC_TEST_SECRET']
  const names = result.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0])
  assert.deepEqual(new Set(names), new Set(['EXTRA', 'LC_ALL', 'PATH']))
})

test('a missing program is told by name', async () => {
  await assert.rejects(run(['noc-no-such-program'], limits), (error) => {
    assert.ok(error instanceof NocError)
    assert.equal(error.code, 'NOC_HOST_PROGRAM_MISSING')
    assert.match(error.message, /noc-no-such-program/)
    return true
  })
})

test('an argument that no program can take is a clear error, not a crash', async () => {
  await assert.rejects(run(['echo', 'a\0b'], limits), fails('NOC_HOST_PROGRAM_START'))
})

test('at the time limit the program and all it started are killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'noc-run-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const note = join(folder, 'pid')
  const script = `sleep 60 & echo $! >${note}; wait`
  await assert.rejects(run(['sh', '-c', script], { ...limits, timeoutMs: 2000 }), fails('NOC_HOST_TIMEOUT'))
  const grandchild = Number(readFileSync(note, 'utf8'))
  assert.ok(grandchild > 0)
  await gone(grandchild)
})

test('an abort ends the program at once and exits as interrupted', async () => {
  const stop = new AbortController()
  const running = run(['sleep', '60'], { ...limits, signal: stop.signal })
  stop.abort()
  await assert.rejects(running, (error) => error instanceof NocError && error.exit === exitCode.interrupted)
  await assert.rejects(run(['true'], { ...limits, signal: stop.signal }), fails('NOC_HOST_INTERRUPTED'))
})

test('output without end is cut off, not collected', async () => {
  await assert.rejects(run(['yes'], { ...limits, maxBytes: 1000 }), fails('NOC_HOST_OUTPUT'))
})

test('a background child that keeps the output open does not keep us', async () => {
  const result = await run(['sh', '-c', 'sleep 5 & echo $!'], limits)
  const pid = Number(result.stdout.toString())
  assert.ok(alive(pid))
  process.kill(pid)
})

test('a program that does not read its input is no error', async () => {
  assert.equal((await run(['true'], { ...limits, stdin: 'x'.repeat(1_000_000) })).code, 0)
})
