/**
 * The story itself, in a real browser: a daemon beside 111 connections that hang tells what is wrong on its home page,
 * plans, closes them, and is quiet again. Leaves the pictures that the README shows (NOC_PICTURES=1 keeps them).
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { needs } from '../peers.ts'
import { NEEDS_BROWSER, openPage } from './console/browser.ts'
import { environment, noc, scratch, until } from './daemon-process.ts'

const ROOT = join(import.meta.dirname, '../..')
const WORLD = join(ROOT, 'test/fixtures/connections/world.ts')
const PORT = 8470
/** The hanging server is on the same machine here; in the story it is far away, so its side is left out. */
const CONFIG = `[interrupts]
interval = 1
[connections]
interval = 1
limits = [{ process = "node", ignore = true }]
`
/** Sockets of the file system cross network namespaces: this end inside passes the console on to us. */
const PASS = `require('net').createServer((s) => { const c = require('net').connect(${PORT}, '127.0.0.1');
for (const [a, b] of [[s, c], [c, s]]) a.on('error', () => b.destroy()).on('close', () => b.destroy()).pipe(b) }).listen(process.argv[1], () => console.log('passing'))`

type Test = { after(fn: () => unknown): void }

/** Starts a program inside the namespace of `pid`; it dies with the test. */
function inside(t: Test, pid: string, argv: readonly string[], data: string): ChildProcessWithoutNullStreams {
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, ...argv], { env: environment(data) })
  t.after(() => void child.kill('SIGKILL'))
  return child
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return chunk.toString().trim()
}

/** The console of a daemon in a namespace with stuck connections, at an address that a browser here can open. */
async function stuckMachine(t: Test, data: string): Promise<string> {
  const world = spawn('unshare', ['--net', process.execPath, '--import', 'tsx', WORLD], { cwd: ROOT, stdio: 'pipe' })
  t.after(async () => {
    world.stdin.end()
    await once(world, 'exit')
  })
  const pid = await firstLine(world)
  const config = join(data, 'nocturne.toml')
  writeFileSync(config, CONFIG)
  await firstLine(inside(t, pid, [noc, 'up', '--json', '--config', config], data))
  const socket = join(data, 'pass.sock')
  await firstLine(inside(t, pid, ['-e', PASS, socket], data))
  const door = createServer((s) => {
    const way = connect(socket)
    for (const [a, b] of [
      [s, way],
      [way, s],
    ] as const) {
      a.on('error', () => b.destroy()).on('close', () => b.destroy())
      a.pipe(b)
    }
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  t.after(() => void door.close())
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`
}

const skip = NEEDS_BROWSER || needs({ root: true, programs: ['unshare', 'nsenter', 'ip'] })

test(
  'a stuck night in the browser: the home page names it, the plan closes it, the night is quiet',
  { skip },
  async (t) => {
    const data = scratch(t)
    const pictures = process.env['NOC_PICTURES'] ? join(ROOT, 'docs/images') : data
    const url = await stuckMachine(t, data)
    const token = readFileSync(join(data, 'token'), 'utf8').trim()
    await until('the finding', async () => {
      const { findings } = (await (await fetch(`${url}/api/tonight`)).json()) as { findings: readonly unknown[] }
      return findings.length > 0 ? true : undefined
    })
    const { page, errors, requests } = await openPage(t, `${url}/#token=${token}`, { theme: 'dark' })

    await t.test('the token leaves the address bar at once', () => {
      assert.equal(page.url(), `${url}/`)
    })

    await t.test('the answer is in the first 200 px, the finding below it', async () => {
      const answer = page.locator('h1')
      await answer.getByText('One thing needs you').waitFor()
      const box = await answer.boundingBox()
      assert.ok(box !== null && box.y + box.height < 200, JSON.stringify(box))
      await page.getByText('111 ESTABLISHED apache2').first().waitFor()
      // A minute of figures, so that the pictures show lines.
      if (process.env['NOC_PICTURES']) await page.waitForTimeout(60_000)
      await page.screenshot({ path: join(pictures, 'tonight.png') })
      await page.goto(`${url}/interrupts`)
      await page.getByText('Interrupts by CPU').waitFor()
      await page.screenshot({ path: join(pictures, 'interrupts.png') })
      await page.goto(`${url}/`)
    })

    await t.test('the plan shows every socket and closes exactly these', async () => {
      await page
        .getByRole('link', { name: /^Plan: close 111/ })
        .or(page.getByRole('button', { name: /^Plan: close 111/ }))
        .first()
        .click()
      const apply = page.getByRole('button', { name: 'Apply: close 111' })
      await apply.waitFor()
      await page.screenshot({ path: join(pictures, 'connections.png') })
      await apply.click()
      await page
        .getByText(/111 (of 111 )?connections (were )?closed|Closed 111/i)
        .first()
        .waitFor()
    })

    await t.test('then the machine is quiet again and the night line says who did it', async () => {
      await until('no stuck connection', async () => {
        const { stuck } = (await (await fetch(`${url}/api/connections/view`)).json()) as { stuck: number }
        return stuck === 0 ? true : undefined
      })
      const { night } = (await (await fetch(`${url}/api/tonight`)).json()) as { night: { events: { text: string }[] } }
      assert.ok(
        night.events.some((event) => /console at 127\.0\.0\.1 closed 111 connections/.test(event.text)),
        JSON.stringify(night),
      )
    })

    await t.test('nothing went wrong on the pages, and no request left their origin', () => {
      assert.deepEqual(errors, [])
      assert.deepEqual(
        requests.filter((address) => !address.startsWith(`${url}/`)),
        [],
      )
    })
  },
)
