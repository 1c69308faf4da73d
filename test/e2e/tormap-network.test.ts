/** A private Tor network is fetched, verified and mapped: from its authorities' DirPorts, through its client, and from its files. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { needs } from '../peers.ts'
import { PORTS } from '../tor/plan.ts'
import { TOR_NETWORK, type TorNetwork, startTorNetwork } from '../tor/network.ts'
import { environment, noc, scratch } from './daemon-process.ts'

const NEEDED = { ...TOR_NETWORK, programs: [...(TOR_NETWORK.programs ?? []), 'bash'] }
/** Between two looks for a newer consensus. */
const PAUSE_MS = 2000
const COMMAND_MS = 60_000
/** Three authorities and an exit. */
const RELAYS = 4

const MIRROR_PORT = 7100
/** The first authority's DirPort under another address, as a mirror has it. */
const MIRROR = `const net = require('node:net')
net.createServer((a) => {
  const b = net.connect(${PORTS.directory}, '127.0.0.1')
  a.on('error', () => b.destroy()).pipe(b)
  b.on('error', () => a.destroy()).pipe(a)
}).listen(${MIRROR_PORT}, '127.0.0.1')`

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Step {
  readonly event: string
  readonly what?: string
  readonly verification?: { readonly state: string; readonly good: number; readonly authorities: number }
  readonly missing?: number
  readonly isNew?: boolean
  readonly isDiff?: boolean
}

describe('the map of a private Tor network', { skip: needs(NEEDED) }, () => {
  let network: TorNetwork
  let stopping: () => Promise<void>
  let torrc: string
  const cleanUp: (() => void)[] = []

  before(async () => {
    network = await startTorNetwork({ after: (stop) => (stopping = stop) }, { onion: false })
    torrc = join(scratch({ after: (act) => cleanUp.push(act) }), 'torrc')
    writeFileSync(torrc, `${network.joining.join('\n')}\n`)
  })
  after(async () => {
    await stopping?.()
    for (const act of cleanUp) act()
  })

  /** Runs `noc tormap` inside the network's namespaces. */
  async function tormap(data: string, ...args: readonly string[]): Promise<Ran> {
    const env = Object.entries(environment(data)).map(([name, value]) => `${name}=${value}`)
    const argv = ['env', ...env, process.execPath, noc, 'tormap', ...args]
    const { code, stdout, stderr } = await network.inside(argv, { timeoutMs: COMMAND_MS })
    return { code, stdout: stdout.toString(), stderr }
  }

  const steps = ({ stdout }: Ran): Step[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Step)

  /** Fetches in some way, and looks at what came of it. */
  async function fetched(data: string, ...args: readonly string[]): Promise<Step> {
    const ran = await tormap(data, 'fetch', '--authorities', torrc, '--json', ...args)
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    const done = steps(ran).at(-1)
    assert.deepEqual(
      [
        done?.event,
        done?.verification?.state,
        done?.verification?.good,
        done?.verification?.authorities,
        done?.missing,
      ],
      ['done', 'good', 3, 3, 0],
    )
    const stats = await tormap(data, 'stats', '--authorities', torrc, '--geo', 'none', '--json')
    assert.equal(stats.code, 0, stats.stderr)
    const document = JSON.parse(stats.stdout) as {
      verified: { state: string; good: number; needed: number }
      relays: number
      classes: Record<string, number>
    }
    assert.deepEqual([document.verified.state, document.verified.good, document.verified.needed], ['good', 3, 2])
    assert.deepEqual([document.relays, document.classes['authority']], [RELAYS, 3])
    return done as Step
  }

  for (const flavour of ['ns', 'microdesc']) {
    it(`comes from the authorities' DirPorts, flavour ${flavour}, and from a diff the next time`, async (t) => {
      const data = scratch(t)
      assert.equal((await fetched(data, '--flavour', flavour)).isNew, true)
      const { stdout } = await tormap(data, 'find', '--authorities', torrc, '--json', 'nickname:exit0')
      const { relays } = JSON.parse(stdout) as { relays: { nickname: string; contact: string | null }[] }
      assert.deepEqual(
        relays.map(({ nickname }) => nickname),
        ['exit0'],
      )
      if (flavour === 'ns') assert.equal(relays[0]?.contact, 'exit0@site.example')
      const map = join(data, 'map')
      const built = await tormap(data, 'build', '--authorities', torrc, '--geo', 'none', '--out', map)
      assert.equal(built.code, 0, built.stderr)
      assert.ok(existsSync(join(map, 'index.html')))
      assert.equal(readFileSync(join(map, 'tormap.csv'), 'utf8').trim().split('\n').length, RELAYS + 1)
      // The next consensus comes within 20 seconds.
      let next = await fetched(data, '--flavour', flavour, '--force')
      while (next.isNew !== true) {
        await sleep(PAUSE_MS)
        next = await fetched(data, '--flavour', flavour, '--force')
      }
      assert.equal(next.isDiff, true)
    })
  }

  it('comes through the SOCKS port of a client from a mirror, and says that exits refuse the authorities', async (t) => {
    const socks = ['--socks', `127.0.0.1:${network.ports.socks}`]
    const refused = await tormap(scratch(t), 'fetch', '--authorities', torrc, ...socks)
    assert.equal(refused.code, 3)
    assert.match(refused.stderr, /Exits refuse connections to authorities/)
    const stop = new AbortController()
    const mirror = network.inside([process.execPath, '-e', MIRROR], { signal: stop.signal, timeoutMs: COMMAND_MS })
    t.after(() => stop.abort())
    mirror.catch(() => undefined)
    await network.inside(['bash', '-c', `until (</dev/tcp/127.0.0.1/${MIRROR_PORT}) 2>/dev/null; do sleep 0.1; done`])
    await fetched(scratch(t), ...socks, '--mirror', `127.0.0.1:${MIRROR_PORT}`)
  })

  it('comes from the files of a tor', async (t) => {
    await fetched(scratch(t), '--source', 'tor', '--tor-directory', join(network.directory, 'client'))
  })

  it('is not believed when other authorities are trusted', async (t) => {
    const other = join(scratch(t), 'torrc')
    const lines = network.joining.filter((line) => line.startsWith('DirAuthority'))
    writeFileSync(other, lines.map((line) => line.replace(/v3ident=\w{8}/, 'v3ident=00000000')).join('\n'))
    const { code, stderr } = await tormap(scratch(t), 'fetch', '--authorities', other)
    assert.equal(code, 3)
    assert.match(stderr, /0 of 3 trusted/)
  })
})
