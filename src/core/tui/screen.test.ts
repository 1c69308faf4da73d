import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'
import { NocError } from '../errors.ts'
import { nextFrame } from './frame.ts'
import { openScreen } from './screen.ts'

const program = fileURLToPath(new URL('./fixtures/screen-program.ts', import.meta.url))
const node = `'${process.execPath}' --import tsx '${program}'`
const ENTERED = '\u001b[?1049h'
const LEFT = '\u001b[?25h\u001b[?1049l'

/** Runs a shell line on a pseudo-terminal (util-linux `script`); `typed` is sent once the screen shows. */
function onTerminal(line: string, typed?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qefc', line, '/dev/null'], { timeout: 20_000 })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (typed !== undefined && !shown.includes('size ') && (shown + text).includes('size ')) child.stdin.write(typed)
      shown += text
    })
    child.on('error', reject)
    child.on('close', () => resolve(shown))
  })
}

describe('screen', () => {
  it('gives the terminal back on every way out', { timeout: 60_000 }, async () => {
    const endings = { abort: 0, exit: 7, throw: 1, term: 143, hup: 129, int: 130 }
    const line = Object.keys(endings).map((name) => `stty -g; ${node} ${name}; echo "end=${name}:$?"; stty -g`)
    const shown = await onTerminal(line.join('; '))
    for (const [name, code] of Object.entries(endings)) assert.match(shown, new RegExp(`end=${name}:${code}\\r`))
    const modes = shown.match(/^[0-9a-f]+(:[0-9a-f]+){20,}\r$/gm) ?? []
    assert.equal(modes.length, 12)
    assert.equal(new Set(modes).size, 1, 'stty differs after the screen')
    assert.equal(shown.split(ENTERED).length, 7)
    assert.equal(shown.split(LEFT).length, 7)
    assert.ok(shown.indexOf('planned failure') > shown.lastIndexOf(LEFT, shown.indexOf('planned failure')))
  })

  it('stays alive and can be ended while the terminal takes nothing', { timeout: 30_000 }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'noc-screen-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const marker = join(directory, 'alive')
    const child = spawn('script', ['-qefc', `${node} flood ${marker}; echo "end=$?"`, '/dev/null'], { timeout: 20_000 })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
    await once(child.stdout, 'data')
    // Nobody reads: script stops, the terminal's buffer fills.
    child.stdout.pause()
    for (let tries = 0; tries < 100 && !existsSync(marker); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(existsSync(marker), 'the process hangs in a write')
    child.stdout.resume()
    await once(child, 'close')
    assert.match(shown, /end=143/)
    assert.equal(shown.split(LEFT).length, 2)
  })

  it('takes Ctrl-C as a key and gives the terminal back', { timeout: 30_000 }, async () => {
    const shown = await onTerminal(`stty -g; ${node}; echo "end=$?"; stty -g`, '\u0003')
    assert.match(shown, /key ctrl-c/)
    assert.match(shown, /end=0/)
    const modes = shown.match(/^[0-9a-f]+(:[0-9a-f]+){20,}\r$/gm) ?? []
    assert.equal(modes.length, 2)
    assert.equal(modes[0], modes[1])
  })

  it('shows no control characters of others and no more than the width', { timeout: 30_000 }, async () => {
    const shown = await onTerminal(`stty cols 40 rows 10; ${node} term`)
    assert.match(shown, /size 40x10/)
    assert.match(shown, /x{40}/)
    assert.doesNotMatch(shown, /x{41}|\u0007/)
    assert.match(shown, /evil ␇␛\]0;pwned␇/)
  })

  it('goes to the background with Ctrl-Z and comes back with fg', { timeout: 60_000 }, async (t) => {
    const socket = `noc-screen-${process.pid}`
    const tmux = (...args: string[]): string =>
      spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8', timeout: 5000 }).stdout
    t.after(() => tmux('kill-server'))
    const until = async (what: RegExp): Promise<string> => {
      let seen = ''
      for (let tries = 0; tries < 150; tries += 1) {
        seen = tmux('capture-pane', '-p')
        if (what.test(seen)) return seen
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return assert.fail(`never saw ${what} in:\n${seen}`)
    }
    tmux('new-session', '-d', '-x', '60', '-y', '12', `PS1='ready> ' bash --norc -i`)
    await until(/ready>/)
    tmux('send-keys', node, 'Enter')
    await until(/size 60x12/)
    tmux('send-keys', 'C-z')
    await until(/Stopped[\s\S]*ready>/)
    tmux('resize-window', '-x', '50', '-y', '10')
    tmux('send-keys', 'fg', 'Enter')
    await until(/size 50x10/)
    tmux('send-keys', 'PageDown')
    await until(/key pagedown/)
    tmux('resize-window', '-x', '70', '-y', '11')
    await until(/size 70x11/)
    tmux('send-keys', 'q')
    // What is typed before the shell is back would still go to the program.
    await until(/ready>\s*$/)
    tmux('send-keys', 'echo end=$?', 'Enter')
    const seen = await until(/end=0/)
    assert.doesNotMatch(seen, /size/, 'the alternate screen is still there')
  })

  it('says that it needs a terminal', () => {
    const stdout = { isTTY: false } as unknown as typeof process.stdout
    const signal = new AbortController().signal
    const options = { stdin: process.stdin, output: { stdout }, signal, onKey: () => {}, onResize: () => {} }
    assert.throws(
      () => openScreen(options),
      (error) => error instanceof NocError && /--batch/.test(error.hint ?? ''),
    )
  })
})

describe('frame', () => {
  it('writes only the lines that changed, and nothing when none did', () => {
    const first = nextFrame([], ['one', 'two'], 10, 3)
    const second = nextFrame(first.shown, ['one', 'TWO'], 10, 3)
    assert.equal(second.text, '\u001b[?2026h\u001b[2;1HTWO\u001b[K\u001b[?2026l')
    assert.equal(nextFrame(second.shown, ['one', 'TWO'], 10, 3).text, '')
  })

  it('clears lines that are no longer there', () => {
    const first = nextFrame([], ['one', 'two'], 10, 2)
    assert.match(nextFrame(first.shown, ['one'], 10, 2).text, /\u001b\[2;1H\u001b\[K/)
  })

  it('does not erase behind a line that fills the width', () => {
    assert.doesNotMatch(nextFrame([], ['x'.repeat(10)], 10, 1).text, /\u001b\[K/)
  })
})
