/** A real private Tor network, and what talks to tor: the controller and the SOCKS client. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { NocError } from '#core/errors.ts'
import { socksConnect, socksResolve, socksResolvePtr } from '#proto/socks5/client.ts'
import { type TorControl, torControl } from '#proto/torcontrol/client.ts'
import type { ControlEvent } from '#proto/torcontrol/events.ts'
import { until } from '../e2e/daemon-process.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK, type TorNetwork, networkDirectory, runInside, startTorNetwork } from './network.ts'

/** A bridge with an address, as a sandbox has it. */
const BRIDGE = [
  ['ip', 'link', 'add', 'tornet', 'type', 'bridge'],
  ['ip', 'address', 'add', '10.100.100.1/24', 'dev', 'tornet'],
  ['ip', 'link', 'set', 'tornet', 'up'],
]
/** Much longer than any request here takes. */
const REQUEST_MS = 30_000

let network: TorNetwork
let stopping: () => Promise<void>

/** Asks for a web page over a socket that is a connection through tor. */
async function page(socket: Socket, host: string, path: string): Promise<{ source: string; port: number }> {
  socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { source: string; port: number }
}

/** A socket to the client's SOCKS port: it listens on a Unix socket too, which can be reached from here. */
function socks(): Socket {
  return connect(network.path(`${network.directory}/socks`)).on('error', () => undefined)
}

async function fetchThroughTor(host: string, port: number, path: string): Promise<{ source: string; port: number }> {
  const socket = socks()
  await socksConnect(socket, { host, port }, { timeoutMs: REQUEST_MS })
  return page(socket, host, path)
}

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}/ns/net`)
}

describe('a private Tor network', { skip: needs(TOR_NETWORK) }, () => {
  before(async () => {
    const options = {
      outside: true,
      before: BRIDGE,
      client: [
        `SocksPort unix:${networkDirectory()}/socks ExtendedErrors WorldWritable`,
        'TransPort 10.100.100.1:9040',
      ],
    }
    network = await startTorNetwork({ after: (stop) => (stopping = stop) }, options)
  })
  after(() => stopping?.())

  describe('carries traffic', () => {
    it('to a web server outside, by name, from the address of its exit and no other', async () => {
      const { source } = await fetchThroughTor('www.outside.example', 80, '/from-tor')
      assert.equal(source, '203.0.113.99')
      assert.deepEqual((await fetchThroughTor(network.outside?.address6 ?? '', 443, '/')).source, 'fd10::99')
      assert.deepEqual(await network.outside?.leaks(), [])
      assert.ok(network.outside?.visits().some(({ what, source }) => what === '/from-tor' && source === '203.0.113.99'))
    })

    it('to the local web server, by address and as an onion service', async () => {
      assert.equal((await fetchThroughTor('127.0.0.1', network.ports.web, '/')).port, network.ports.web)
      assert.match(network.onion, /^[a-z2-7]{56}\.onion$/)
      assert.equal((await fetchThroughTor(network.onion, 80, '/')).port, network.ports.web)
    })

    it('on the ports that the test added, on a bridge that it made before', async () => {
      const { stdout } = await network.inside(['ss', '-Hltn', 'src', '10.100.100.1'])
      assert.match(stdout.toString(), /10\.100\.100\.1:9040/)
    })

    it('of names: DNSPort answers through the exit', async () => {
      const ask = `const r = new (require('node:dns').promises.Resolver)(); r.setServers(['127.0.0.1:${network.ports.dns}']);
        r.resolve4('www.outside.example').then((a) => console.log(a.join()))`
      const { stdout } = await network.inside([process.execPath, '-e', ask])
      assert.equal(stdout.toString().trim(), '203.0.113.1')
    })
  })

  describe('sees leaks', () => {
    it('whatever the protocol: what the host itself sends is counted, with its address', async () => {
      const send = `const u = (f, a) => { const s = require('node:dgram').createSocket(f); s.send('x', 9, a, () => s.close()) };
        u('udp4', '203.0.113.1'); u('udp6', 'fd10::1'); u('udp4', '198.51.100.7');
        require('node:net').connect(22, '203.0.113.1').on('error', () => 0)
        fetch('http://www.outside.example:8080/direct').then((r) => r.json()).then((v) => console.log(v.source))`
      const { stdout } = await network.inside([process.execPath, '-e', send])
      assert.match(stdout.toString(), /^(203\.0\.113\.2|fd10::2)\n$/)
      const found =
        (await network.outside?.leaks())?.map((f) => `${f.source} ${f.destination} ${f.protocol} ${f.port}`) ?? []
      for (const flow of [
        '203.0.113.2 203.0.113.1 udp 9',
        'fd10::2 fd10::1 udp 9',
        '203.0.113.2 198.51.100.7 udp 9',
        '203.0.113.2 203.0.113.1 tcp 22',
        '203.0.113.2 203.0.113.1 udp 53',
      ]) {
        assert.ok(found.includes(flow), `${flow} not in ${found.join(', ')}`)
      }
      assert.ok(network.outside?.visits().some((visit) => visit.what === '/direct'))
    })
  })

  describe('as tor’s SOCKS port sees it', () => {
    it('resolves names and addresses', async () => {
      assert.equal(await socksResolve(socks(), 'www.outside.example'), '203.0.113.1')
      assert.equal(await socksResolvePtr(socks(), '203.0.113.1'), 'www.outside.example')
    })

    it('says why: a closed port, an unknown name, onion addresses that are wrong or nobody’s', async () => {
      const code = async (host: string, port: number): Promise<string> => {
        const error = await socksConnect(socks(), { host, port }, { timeoutMs: REQUEST_MS }).catch((e: unknown) => e)
        return error instanceof NocError ? error.code : String(error)
      }
      // Exits no longer tell that a port is closed.
      assert.match(await code('203.0.113.1', 1), /^NOC_SOCKS5_(FAILED|REFUSED)$/)
      assert.equal(await code('www.nobody.invalid', 80), 'NOC_SOCKS5_HOST_UNREACHABLE')
      assert.equal(await code(`${'a'.repeat(56)}.onion`, 80), 'NOC_SOCKS5_ONION_ADDRESS')
      assert.equal(
        await code('duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion', 80),
        'NOC_SOCKS5_ONION_NOT_FOUND',
      )
    })
  })

  describe('as a controller sees it', () => {
    const events: ControlEvent[] = []
    let control: TorControl

    before(async () => {
      const path = (name: string): string => network.path(`${network.directory}/client/${name}`)
      control = torControl(connect(path('control')), { onEvent: (event) => void events.push(event) })
      const { methods, cookieFile, version } = await control.protocolInfo()
      assert.ok(methods.includes('SAFECOOKIE'))
      assert.match(version ?? '', /^0\.\d+\.\d+/)
      const cookie = readFileSync(network.path(cookieFile ?? ''))
      await control.authenticate({ kind: 'safecookie', cookie })
      await control.setEvents('CIRC', 'CIRC_MINOR', 'STREAM', 'STREAM_BW', 'CIRC_BW', 'ORCONN', 'BW', 'STATUS_CLIENT')
    })
    after(() => control?.close())

    it('has started, and names the exit on its circuits', async () => {
      const phase = (await control.getInfo('status/bootstrap-phase')).get('status/bootstrap-phase')
      assert.match(phase ?? '', /PROGRESS=100/)
      const circuits = await control.circuits()
      assert.ok(circuits.some(({ state, path }) => state === 'BUILT' && path.at(-1)?.nickname === 'exit0'))
    })

    it('puts streams with different logins on different circuits, and tells whose they are', async () => {
      const visit = async (user: string): Promise<void> => {
        const socket = socks()
        await socksConnect(
          socket,
          { host: 'www.site.example', port: network.ports.web },
          { login: { user, password: '1' } },
        )
        await page(socket, 'www.site.example', `/${user}`)
      }
      await visit('first-box')
      await visit('second-box')
      await visit('first-box')
      const streams = events.flatMap((e) => (e.type === 'stream' && e.stream.state === 'SENTCONNECT' ? [e.stream] : []))
      const circuits = (user: string): Set<string | null> =>
        new Set(streams.filter((s) => s.login?.user === user).map((s) => s.circuit))
      const [first, second] = [circuits('first-box'), circuits('second-box')]
      // Tor may give a login a second circuit (the first one died); what it must not do is share one.
      assert.ok(first.size > 0 && second.size > 0)
      assert.deepEqual(
        [...first].filter((circuit) => second.has(circuit)),
        [],
      )
      // What was read last before the end of so short a stream is not always told; what was asked is.
      const counted = (e: ControlEvent): boolean => e.type === 'stream-bandwidth' && e.written > 50
      await until('its bytes', () => events.some(counted) || undefined)
      assert.deepEqual(
        events.filter((e) => e.type === 'unknown'),
        [],
      )
    })

    it('closes one circuit, and gets new ones for a new identity', async () => {
      const victim = (await control.circuits()).find(({ purpose }) => purpose === 'CONFLUX_LINKED')
      assert.ok(victim)
      await control.closeCircuit(victim.id)
      const closed = (e: ControlEvent): boolean =>
        e.type === 'circuit' && e.circuit.id === victim.id && e.circuit.state === 'CLOSED'
      await until('the circuit to close', () => events.some(closed) || undefined)
      await control.signal('NEWNYM')
      await assert.rejects(
        control.closeCircuit('99999'),
        (e) => e instanceof NocError && e.code === 'NOC_TORCONTROL_REFUSED',
      )
    })
  })

  it('takes another tor in: the lines for joining make it a client', async () => {
    const folder = `${network.directory}/joined`
    const own = [
      `DataDirectory ${folder}`,
      'SocksPort 0',
      `Log notice file ${folder}/notice.log`,
      'GeoIPFile /dev/null',
    ]
    const torrc = [...network.joining, ...own].join('\n')
    const script =
      'mkdir -m 700 "$0" && cat >"$0/torrc" && exec timeout 60 tor --quiet --defaults-torrc /dev/null -f "$0/torrc"'
    const stop = new AbortController()
    const running = network.inside(['sh', '-c', script, folder], { stdin: torrc, signal: stop.signal })
    await until(
      'it to start',
      () => {
        const log = network.path(`${folder}/notice.log`)
        return (existsSync(log) && readFileSync(log, 'utf8').includes('Bootstrapped 100%')) || undefined
      },
      30_000,
    )
    stop.abort()
    await assert.rejects(running, NocError)
  })

  it('shows nothing of itself on the machine, and leaves nothing', async () => {
    assert.ok(!existsSync(`${network.directory}/client`))
    assert.doesNotMatch(readFileSync('/proc/net/dev', 'utf8'), /^ *outer:/m)
    assert.ok(alive(network.pid))
    await network.stop()
    assert.ok(!alive(network.pid))
  })
})

describe('a Tor network whose test dies', { skip: needs(TOR_NETWORK) }, () => {
  it('dies with it, all of it, also when it is killed', async (t) => {
    const argv = ['--import', 'tsx', `${import.meta.dirname}/main.ts`, '--no-onion']
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const pid = await until('the network', () => Number(/--target (\d+)/.exec(text)?.[1]) || undefined, 90_000)
    const { stdout } = await runInside(pid, ['sh', '-c', 'ls -d /proc/[0-9]*; readlink /proc/1/ns/net'])
    assert.ok(stdout.toString().split('\n').length > 5)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until('its end', () => (alive(pid) ? undefined : true))
  })

  it('says what is wrong with a configuration that tor refuses', async (t) => {
    await assert.rejects(startTorNetwork(t, { client: ['NoSuchOption 1'] }), /client ended with 1:[^]*NoSuchOption/)
  })
})
