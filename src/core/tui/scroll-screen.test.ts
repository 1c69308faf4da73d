import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const program = fileURLToPath(new URL('./fixtures/scroll-program.ts', import.meta.url))

test('a report longer than the screen is scrolled by keys, and no further than its ends', async (t) => {
  const line = `stty cols 40 rows 12; '${process.execPath}' --import tsx '${program}'`
  const child = spawn('script', ['-qefc', line, '/dev/null'])
  t.after(() => child.kill('SIGKILL'))
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  /** Types, and waits for all of these; gives what was drawn since. */
  const types = async (keys: string, ...wanted: string[]): Promise<string> => {
    shown = ''
    child.stdin.write(keys)
    while (wanted.some((text) => !shown.includes(text))) await once(child.stdout, 'data')
    return shown
  }
  assert.doesNotMatch(await types('', 'head of 40', 'line 1.', 'line 10.'), /line 11\./)
  await types('\u001b[B', 'line 2.', 'line 11.')
  await types('\u001b[F', 'line 91.', 'line 100.')
  // Past the end there is nothing: one line up is one line up.
  await types('\u001b[B\u001b[B\u001b[A', 'line 90.', 'line 99.')
  await types('\u001b[5~', 'line 80.', 'line 89.')
  await types(' ', 'turned 80.', 'turned 89.')
  await types('\u001b[H\u001b[5~', 'turned 1.')
  child.stdin.write('q')
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
})
