import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const main = join(import.meta.dirname, '../../main.ts')
const LEFT = '\u001b[?25h\u001b[?1049l'

/** What is typed when a text has been seen on the terminal. */
type Step = readonly [seen: RegExp, typed: string]

/** Runs `noc interrupts` on a pseudo-terminal (util-linux `script`) and types as a user would. */
function session(args: string, steps: readonly Step[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = `stty cols 100 rows 30; '${process.execPath}' --import tsx '${main}' interrupts ${args}; echo "end=$?"`
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      timeout: 30_000,
      env: { ...process.env, LC_ALL: 'C.UTF-8', NO_COLOR: '1', XDG_CONFIG_HOME: '/nonexistent' },
    })
    let shown = ''
    let from = 0
    let next = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text
      const step = steps[next]
      if (step === undefined || !step[0].test(shown.slice(from))) return
      from = shown.length
      next += 1
      child.stdin.write(step[1])
    })
    child.on('error', reject)
    child.on('close', () =>
      next === steps.length ? resolve(shown) : reject(new Error(`step ${next} never came: ${shown.slice(-300)}`)),
    )
  })
}

describe('noc interrupts in a terminal', () => {
  it('answers first, shows list, heat map, findings and help by key, and gives the terminal back', async () => {
    const shown = await session('-i 0.2', [
      [/(ok|look|bad) {2}[\s\S]*TREND/, 'h'],
      [/NAME +\/s {2}/, 'v'],
      [/Nothing found|Spread|Look/, '?'],
      [/freeze, go on/, '\u001b'],
      [/TREND/, '/'],
      [/enter: keep/, 'local'],
      [/\/local/, '\rq'],
    ])
    assert.match(shown, /end=0/)
    assert.ok(shown.includes(LEFT))
  })

  it('records what it shows, and plays it back', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'noc-live-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'night.jsonl')
    await session(`-i 0.1 --record ${file}`, [[/over 0\.\d s/, 'q']])
    assert.ok(existsSync(file))
    assert.ok(readFileSync(file, 'utf8').endsWith('\n'))
    const shown = await session(`--replay ${file}`, [[/end of the recording/, 'q']])
    assert.match(shown, /end=0/)
  })

  it('says what it can’t read in the terminal itself, not on a screen that vanishes', async () => {
    const shown = await session('--proc /nonexistent', [])
    assert.match(shown, /Can't read \/nonexistent\/interrupts: there is no such file/)
    assert.match(shown, /end=3/)
    assert.ok(!shown.includes('\u001b[?1049h'))
  })
})
