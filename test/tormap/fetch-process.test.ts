/** `noc tormap fetch` as a process: Ctrl-C, SIGKILL, and two at the same time. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment, noc, scratch } from '../e2e/daemon-process.ts'
import { type DirServer, startDirServer } from './dirport.ts'
import { HOUR_MS, type Network, START, directoryAt, makeNetwork } from './network.ts'

const RELAYS = 6
let network: Network

/** A server with the consensus of this hour. */
function serve(t: TestContext): Promise<DirServer> {
  return startDirServer(t, directoryAt(network, Math.floor((Date.now() - START) / HOUR_MS)))
}

interface Fetching {
  readonly child: ChildProcess
  readonly data: string
  readonly stderr: () => string
  readonly ended: Promise<number | string>
}

/** Starts it; it is gone when the test ends. */
function fetching(t: TestContext, server: DirServer, data: string): Fetching {
  writeFileSync(join(data, 'torrc'), network.lines.join('\n'))
  const args = [noc, 'tormap', 'fetch', '--authorities', join(data, 'torrc'), '--mirror', server.address]
  const child = spawn(process.execPath, args, { env: environment(data), stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  return { child, data, stderr: () => said, ended }
}

/** Waits until the server was asked for something. */
async function asked(server: DirServer, path: string): Promise<void> {
  while (!server.asked.some((one) => one.startsWith(path))) await sleep(10)
}

const files = (data: string): string[] => readdirSync(join(data, 'tormap', 'fetched'))

describe('noc tormap fetch', { timeout: 60_000 }, () => {
  before(async () => {
    network = await makeNetwork(RELAYS)
  })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`that gets ${signal} keeps what it has, and the next run asks only for the rest`, async (t) => {
      const server = await serve(t)
      const data = scratch(t)
      server.manners = { '/tor/server/': 'silent' }
      const first = fetching(t, server, data)
      await asked(server, '/tor/server/')
      first.child.kill(signal)
      assert.equal(await first.ended, signal === 'SIGKILL' ? signal : 130, first.stderr())
      assert.deepEqual(
        files(data).filter((name) => name.startsWith('.')),
        [],
      )
      server.manners = {}
      server.asked.length = 0
      const second = fetching(t, server, data)
      assert.equal(await second.ended, 0, second.stderr())
      assert.deepEqual(
        server.asked.map((path) => path.slice(0, 12)),
        ['/tor/server/'],
      )
      assert.ok(files(data).includes('cached-descriptors'))
    })
  }

  it('does not run twice on one data directory: the second says so and exits with 3', async (t) => {
    const server = await serve(t)
    const data = scratch(t)
    server.manners = { '/tor/': 'silent' }
    const first = fetching(t, server, data)
    await asked(server, '/tor/')
    const second = fetching(t, server, data)
    assert.equal(await second.ended, 3)
    assert.match(second.stderr(), /Somebody else is fetching/)
    first.child.kill('SIGINT')
    assert.equal(await first.ended, 130)
  })
})
