import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listEvents } from '#core/alerts/table.ts'
import { openStore } from '#core/store/open.ts'
import type { CloseResult, ConnectionsSnapshot, ProbeResult } from '../../src/systems/connections/wire.ts'
import { needs } from '../peers.ts'
import { until } from './daemon-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const WORLD = join(ROOT, 'test/fixtures/connections/world.ts')
const REMOTE = '[2001:db8:ba::100]:80'
/** How long the world may take until its connections have been silent for long enough (ms). */
const PATIENCE_MS = 30_000

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface World {
  noc(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
  /** Connections that still live: Apache's stuck ones, Apache's pool, curl's. */
  open(): Promise<string>
}

async function line(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return chunk.toString().trim()
}

/** Starts the world in a network namespace of its own; all of it ends with its standard input, also when we are killed. */
async function start(config: string): Promise<{ world: World; end(): Promise<void> }> {
  const argv = ['--net', process.execPath, '--import', 'tsx', WORLD]
  const child = spawn('unshare', argv, { cwd: ROOT, stdio: 'pipe' })
  child.stderr.pipe(process.stderr)
  const pid = await line(child)
  const noc: World['noc'] = async (args, env = {}) => {
    const command = [`--net=/proc/${pid}/ns/net`, process.execPath, join(ROOT, 'bin/noc'), 'connections', ...args]
    const run = spawn('nsenter', [...command, '--config', config], { env: { ...process.env, ...env }, stdio: 'pipe' })
    let [stdout, stderr] = ['', '']
    run.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    run.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [code] = (await once(run, 'close')) as [number]
    return { code, stdout, stderr }
  }
  const open = async (): Promise<string> => {
    child.stdin.write('\n')
    return line(child)
  }
  const end = async (): Promise<void> => {
    child.stdin.end()
    await once(child, 'exit')
  }
  return { world: { noc, open }, end }
}

/** Looks until something is found. */
async function find(world: World): Promise<ConnectionsSnapshot> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    const snapshot = JSON.parse((await world.noc(['--json'])).stdout) as ConnectionsSnapshot
    if (snapshot.verdicts.length > 0 || Date.now() > until) return snapshot
    await setTimeout(500)
  }
}

test(
  '111 connections to a server that accepts and hangs are found, named, probed and closed, and nothing else is',
  { skip: needs({ root: true, programs: ['unshare', 'nsenter', 'ip', 'ss'] }) },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'noc-stuck-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const config = join(folder, 'nocturne.toml')
    writeFileSync(config, `[daemon]\ndata = "${folder}"\n`)
    const db = await openStore(folder, { create: true })
    t.after(() => db.close())
    const { world, end } = await start(config)
    t.after(end)
    await find(world)

    await t.test('it is found and named in the first line', async () => {
      const { code, stdout } = await world.noc([])
      assert.equal(code, 1)
      assert.match(
        stdout.split('\n')[0] ?? '',
        /^CRITICAL 111 ESTABLISHED apache2 -> 2001:db8:ba::100 port 80, 0 bytes received, idle median \d+ s, no keep-alive/,
      )
      assert.match(stdout, /\$ noc connections close --remote '\[2001:db8:ba::100\]:80' --process apache2\n/)
    })

    await t.test('the document has it too, and the healthy pool and curl are not accused', async () => {
      const { code, stdout } = await world.noc(['--json'])
      const snapshot = JSON.parse(stdout) as ConnectionsSnapshot
      assert.equal(code, 1)
      assert.deepEqual([snapshot.source, snapshot.unknown], ['netlink', []])
      assert.deepEqual(
        snapshot.verdicts.map((v) => v.key),
        ['hang:apache2:[2001:db8:ba::100]:80'],
      )
      const groups = snapshot.groups
        .filter((g) => g.direction === 'out')
        .map((g) => [g.process, g.remote.port, g.count])
      assert.deepEqual(groups, [
        ['apache2', 80, 111],
        ['apache2', 81, 20],
        ['curl', 80, 3],
      ])
      assert.equal(snapshot.groups.find((g) => g.count === 20 && g.direction === 'out')?.bytesReceived, 20 * 27)
    })

    await t.test('ss and procfs tell the same groups with less about them', async () => {
      for (const source of ['ss', 'proc'] as const) {
        const snapshot = JSON.parse((await world.noc(['--json', '--source', source])).stdout) as ConnectionsSnapshot
        assert.equal(snapshot.source, source)
        assert.ok(snapshot.unknown.length > 0)
        const stuck = snapshot.groups.find(
          (g) => g.direction === 'out' && g.process === 'apache2' && g.remote.port === 80,
        )
        assert.deepEqual([stuck?.count, stuck?.idleMedianMs === null], [111, source === 'proc'])
      }
    })

    await t.test('a probe tells hanging from healthy and from refusing, over TLS too', async () => {
      const probe = async (target: string, ...more: string[]): Promise<readonly [number, ProbeResult['outcome']]> => {
        const ran = await world.noc(['probe', target, '--timeout', '0.5', '--json', ...more])
        return [ran.code, (JSON.parse(ran.stdout) as ProbeResult).outcome]
      }
      assert.deepEqual(await probe(REMOTE, '--parallel', '3'), [1, 'hangs'])
      assert.deepEqual(await probe('[2001:db8:ba::100]:443'), [1, 'hangs'])
      assert.deepEqual(await probe('[2001:db8:ba::100]:81'), [0, 'answers'])
      assert.deepEqual(await probe('127.0.0.2:443'), [0, 'answers'])
      assert.deepEqual(await probe('[2001:db8:ba::100]:82'), [1, 'refused'])
      assert.deepEqual(await probe('203.0.113.1:80'), [1, 'unreachable'])
    })

    const which = ['close', '--remote', REMOTE, '--process', 'apache2']
    let first: CloseResult['sockets'][number] | undefined

    await t.test('a dry run lists all of them and closes none', async () => {
      const dry = await world.noc([...which, '--json'])
      const { dryRun, found, closed, sockets } = JSON.parse(dry.stdout) as CloseResult
      assert.deepEqual([dry.code, dryRun, found, closed], [0, true, 111, 0])
      assert.ok(sockets.every((s) => s.remote === REMOTE && s.process === 'apache2'))
      first = sockets[0]
      assert.match((await world.noc(which)).stdout, /111 connections would be closed; nothing was done\./)
      assert.equal(await world.open(), '111 20 3')
    })

    await t.test("the operator's own session is not cut", async () => {
      const port = /:(\d+)$/.exec(first?.local ?? '')?.[1]
      const session = { SSH_CONNECTION: `2001:db8:ba::100 80 2001:db8:ba::100 ${port}` }
      const refused = await world.noc([...which, '--yes'], session)
      assert.equal(refused.code, 2)
      assert.match(refused.stderr, /1 of these 111 connections is your own session/)
      assert.equal(await world.open(), '111 20 3')
    })

    await t.test('without a remote nothing is closed', async () => {
      assert.equal((await world.noc(['close', '--process', 'apache2', '--yes'])).code, 2)
    })

    await t.test('closing closes exactly these, proves it, and keeps who did it', async () => {
      const done = await world.noc([...which, '--yes', '--json'])
      const result = JSON.parse(done.stdout) as CloseResult
      assert.deepEqual([done.code, result.dryRun, result.closed, result.failed], [0, false, 111, []])
      await until('the programs to notice', async () => ((await world.open()) === '0 20 3' ? true : undefined))
      const [event] = listEvents(db, 0, Number.MAX_SAFE_INTEGER, 10)
      assert.match(event?.text ?? '', / closed 111 connections: apache2 -> 2001:db8:ba::100 port 80$/)
    })

    await t.test('ss -K closes what is left, when netlink is not there', async () => {
      const done = await world.noc(['close', '--remote', REMOTE, '--source', 'ss', '--yes', '--json'])
      assert.deepEqual([done.code, (JSON.parse(done.stdout) as CloseResult).closed], [0, 3])
      await until('the programs to notice', async () => ((await world.open()) === '0 20 0' ? true : undefined))
    })

    await t.test('then all is quiet', async () => {
      const { code, stdout } = await world.noc([])
      assert.equal(code, 0)
      assert.match(stdout, /^No connection is stuck\./)
    })
  },
)
