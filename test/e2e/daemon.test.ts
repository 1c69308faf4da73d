import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Tonight } from '#core/http/documents.ts'
import { openStore } from '#core/store/open.ts'
import { needs } from '../peers.ts'
import { command, noc, scratch, startDaemon, until } from './daemon-process.ts'

const STOP_LIMIT_MS = 5_000

async function get<T>(url: string, path: string): Promise<T> {
  const answer = await fetch(url + path)
  assert.equal(answer.status, 200, path)
  return (await answer.json()) as T
}

/** State of each system by its id. */
async function states(url: string): Promise<Record<string, string>> {
  const { systems } = await get<Tonight>(url, '/api/tonight')
  return Object.fromEntries(systems.map((s) => [s.id, s.health.state]))
}

/** Waits until every system has measured for the first time. */
function allUp(url: string): Promise<true> {
  return until('all systems up', async () =>
    Object.values(await states(url)).every((s) => s === 'up') ? true : undefined,
  )
}

describe('noc up', () => {
  it('starts every system, answers, and ends with 0 within five seconds of SIGTERM', async (t) => {
    const daemon = await startDaemon(t, scratch(t), '')
    await allUp(daemon.url)
    // A page that watches must not hold the daemon up.
    const stream = await fetch(`${daemon.url}/api/live?topics=tonight`)
    const began = Date.now()
    daemon.kill('SIGTERM')
    assert.equal(await daemon.ended, 0)
    assert.ok(Date.now() - began < STOP_LIMIT_MS)
    await stream.body?.cancel().catch(() => undefined)
    assert.ok(!existsSync(join(daemon.data, 'daemon.json')))
  })

  it('keeps its data to itself: directory, database, token and socket are closed to others', async (t) => {
    const daemon = await startDaemon(t, scratch(t), '')
    for (const name of ['token', 'nocturne.sqlite', 'console.sock', 'daemon.json']) {
      assert.equal(statSync(join(daemon.data, name)).mode & 0o077, 0, name)
    }
    const token = readFileSync(join(daemon.data, 'token'), 'utf8').trim()
    assert.ok(!daemon.log().includes(token), 'the token is not in the log')
  })

  it('refuses a second daemon on the same data and names the first; after kill -9 the place is free', async (t) => {
    const data = scratch(t)
    const first = await startDaemon(t, data, '')
    const second = command(data, ['up', '--listen', '127.0.0.1:0'])
    assert.equal(second.code, 3)
    assert.match(second.stderr, new RegExp(`\\b${first.pid}\\b`))
    assert.doesNotMatch(second.stderr, /\n\s+at /)
    first.kill('SIGKILL')
    assert.equal(await first.ended, 'SIGKILL')
    const third = await startDaemon(t, data, '')
    assert.notEqual(third.pid, first.pid)
  })

  it('ends with one sentence when it cannot listen, and holds nothing', async (t) => {
    const first = await startDaemon(t, scratch(t), '')
    const data = scratch(t)
    const { code, stderr } = command(data, ['up', '--listen', new URL(first.url).host])
    assert.equal(code, 3)
    assert.match(stderr, /^noc: cannot listen on 127\.0\.0\.1:\d+: another program listens there\n/)
    const second = await startDaemon(t, data, '')
    assert.notEqual(second.url, first.url)
    for (const listen of ['0.0.0.0:8470', 'localhost', '127.0.0.1:99999']) {
      const refused = command(scratch(t), ['up', '--listen', listen])
      assert.equal(refused.code, 2, `${listen}: ${refused.stderr}`)
    }
  })

  it('SIGHUP takes a valid configuration, and refuses an invalid one and goes on', async (t) => {
    const daemon = await startDaemon(t, scratch(t), '')
    await allUp(daemon.url)
    const before = await states(daemon.url)
    writeFileSync(daemon.configFile, '[daemon]\nsystems = ["interupts"]\n')
    daemon.kill('SIGHUP')
    await until('the refusal', () => (/refused/.test(daemon.log()) ? true : undefined))
    assert.match(daemon.log(), /interrupts|interupts/)
    assert.deepEqual(await states(daemon.url), before)
    writeFileSync(daemon.configFile, '[daemon]\nsystems = ["interrupts"]\n')
    daemon.kill('SIGHUP')
    await until('the change', async () => ((await states(daemon.url))['connections'] === 'off' ? true : undefined))
    assert.equal((await states(daemon.url))['interrupts'], 'up')
    assert.equal((await fetch(`${daemon.url}/api/connections`)).status, 404)
  })

  it('shows why a system does not work and leaves the others up', async (t) => {
    const daemon = await startDaemon(t, scratch(t), '[interrupts]\nproc = "/nonexistent"\n')
    const broken = await until('the reason', async () => {
      const { systems } = await get<Tonight>(daemon.url, '/api/tonight')
      if (systems.find((s) => s.id === 'connections')?.health.state !== 'up') return undefined
      const health = systems.find((s) => s.id === 'interrupts')?.health
      return health !== undefined && 'why' in health ? health : undefined
    })
    assert.match(broken.why, /\/nonexistent\/interrupts/)
    const status = command(daemon.data, ['status'])
    assert.equal(status.code, 1)
    assert.match(status.stdout, /\/nonexistent\/interrupts/)
  })

  it('is killed at any moment: its events are kept, the database is whole, and it starts again', async (t) => {
    const data = scratch(t)
    const tokens = new Set<string>()
    for (const delay of [0, 40, 400]) {
      const daemon = await startDaemon(t, data, '[interrupts]\ninterval = 1\n')
      tokens.add(readFileSync(join(data, 'token'), 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, delay))
      daemon.kill('SIGKILL')
      await daemon.ended
      const db = await openStore(data, { create: false })
      assert.deepEqual(
        db
          .prepare('PRAGMA integrity_check')
          .all()
          .map((row) => ({ ...row })),
        [{ integrity_check: 'ok' }],
      )
      db.close()
    }
    const last = await startDaemon(t, data, '')
    const { night } = await get<Tonight>(last.url, '/api/tonight')
    assert.equal(night.events.filter((e) => /started/.test(e.text)).length, 4, 'every start is on the night line')
    assert.equal(tokens.size, 3, 'each start has its own token')
  })

  it('gives Prometheus text and series of what the systems measure', async (t) => {
    const daemon = await startDaemon(t, scratch(t), '[interrupts]\ninterval = 1\n')
    const text = await until('a metric', async () => {
      const answer = await (await fetch(`${daemon.url}/metrics`)).text()
      return /^noc_interrupts_\w+(\{[^}]*\})? \d/m.test(answer) ? answer : undefined
    })
    assert.match(text, /^# HELP noc_/m)
    const points = await until('a point', async () => {
      const now = Date.now()
      const path = `/api/series?names=interrupts.total&from=${now - 60_000}&to=${now}&points=60`
      const { series } = await get<{ series: { average: (number | null)[] }[] }>(daemon.url, path)
      return series[0]?.average.some((value) => value !== null) ? series[0] : undefined
    })
    assert.ok(points.average.some((value) => (value ?? 0) > 0))
  })

  it('acts for the command line without a token, and for a browser only with it', async (t) => {
    const data = scratch(t)
    const told = join(data, 'told.json')
    const daemon = await startDaemon(t, data, `[alerts]\ncommand = ["sh", "-c", "cat > ${told}"]\n`)
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${daemon.url}/api/alerts/test`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      })
    assert.equal((await post({})).status, 401)
    assert.ok(!existsSync(told))
    const token = command(data, ['token']).stdout.trim()
    assert.equal((await post({ authorization: `Bearer ${token}` })).status, 200)
    assert.equal((JSON.parse(readFileSync(told, 'utf8')) as { kind: string }).kind, 'test')
    rmSync(told)
    assert.equal(command(data, ['alerts', 'test']).code, 0)
    assert.ok(existsSync(told), 'the command of the configuration was run')
  })

  it('reports ready and stopping to systemd', { skip: needs({ programs: ['python3'] }) }, async (t) => {
    const data = scratch(t)
    const socket = join(data, 'notify.sock')
    // A datagram socket is what systemd listens on; Node has none, Python's is everywhere Debian's tools are.
    const receiver = spawn('python3', [
      '-uc',
      `import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("bound",flush=True)\nwhile True: print(s.recv(4096).decode(),flush=True)`,
      socket,
    ])
    t.after(() => void receiver.kill('SIGKILL'))
    let heard = ''
    receiver.stdout.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk))
    await until('the receiver', () => (heard.includes('bound') ? true : undefined))
    const daemon = await startDaemon(t, data, '', { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' })
    await until('READY=1', () => (/^READY=1$/m.test(heard) ? true : undefined))
    await until('the watchdog', () => (/^WATCHDOG=1$/m.test(heard) ? true : undefined))
    daemon.kill('SIGTERM')
    assert.equal(await daemon.ended, 0)
    await until('STOPPING=1', () => (/^STOPPING=1$/m.test(heard) ? true : undefined))
  })
})

describe('noc on the command line', () => {
  it('answers wrong usage with exit 2, one clear sentence and no stack', (t) => {
    const data = scratch(t)
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['interupts'], /did you mean.*interrupts/i],
      [['interrupts', '--intervall', '2'], /did you mean.*interval/i],
      [['interrupts', '--interval', 'fast'], /number/],
      [['config', 'check', '--config', '/nonexistent.toml'], /nonexistent\.toml.*no such/],
      [['completion', 'tcsh'], /tcsh/],
      [['alerts', 'acknowledge'], /ID/],
    ]
    for (const [args, says] of cases) {
      const { code, stdout, stderr } = command(data, args)
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
      assert.match(stderr, says)
      assert.doesNotMatch(stdout + stderr, /\n\s+at /)
      assert.ok(stderr.trim().split('\n').length <= 3, stderr)
    }
  })

  it('names line and nearest key of a wrong configuration, before anything starts', (t) => {
    const data = scratch(t)
    const file = join(data, 'bad.toml')
    writeFileSync(file, '[console]\nlisten = "127.0.0.1:0"\n\n[interrupts]\nintervall = 3\n')
    for (const args of [['config', 'check'], ['up'], ['interrupts', '--batch', '-n', '1']]) {
      const { code, stderr } = command(data, [...args, '--config', file])
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, /bad\.toml:5: unknown key in \[interrupts\] "intervall"; did you mean "interval"\?/)
    }
  })

  it('helps a stranger: every command with an example, grouped by wing', (t) => {
    const data = scratch(t)
    const { code, stdout } = command(data, ['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /WATCH\n +interrupts, itop .*\n.*e\.g\. noc interrupts/)
    for (const topic of ['up', 'status', 'alerts', 'config', 'interrupts', 'connections']) {
      const help = command(data, topic === 'config' ? ['config', 'check', '--help'] : [topic, '--help'])
      assert.equal(help.code, 0)
      assert.match(help.stdout, /USAGE/)
    }
    assert.match(command(data, ['itop', '--help']).stdout, /--interval/)
  })

  it('completes commands and flags', (t) => {
    const data = scratch(t)
    assert.match(command(data, ['__complete', 'inter']).stdout, /^interrupts$/m)
    assert.match(command(data, ['__complete', 'config', '']).stdout, /^check$/m)
    assert.match(command(data, ['__complete', 'interrupts', '--inter']).stdout, /^--interval$/m)
    const probe = `${command(data, ['completion', 'bash']).stdout}\nPATH=${join(noc, '..')}:$PATH; COMP_WORDS=(noc stat); COMP_CWORD=1; _noc; echo "$COMPREPLY"`
    assert.equal(spawnSync('bash', ['-c', probe], { encoding: 'utf8' }).stdout.trim(), 'status')
  })

  it('without a daemon says so, and how to start one', (t) => {
    const data = scratch(t)
    const { code, stderr } = command(data, ['status'])
    assert.equal(code, 1)
    assert.match(stderr, /no daemon runs on .*\n.*noc up/)
    assert.deepEqual(JSON.parse(command(data, ['status', '--json']).stdout), { running: false, data })
  })

  it('prints the defaults that the project ships as its example', (t) => {
    const example = readFileSync(join(noc, '../../nocturne.example.toml'), 'utf8')
    assert.equal(command(scratch(t), ['config', 'defaults']).stdout, example)
  })
})
