/** Boxes of an ordinary user, end to end: a real tor in a private network, an unprivileged user, real programs. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { torControl } from '#proto/torcontrol/client.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK, type TorNetwork } from '../tor/network.ts'
import { NOBODY, type Ran, type Running, type UserMachine, type Wish, userMachine } from './torbox-user-machine.ts'

const cleaners: (() => unknown)[] = []
const t = { after: (fn: () => unknown): unknown => cleaners.push(fn) }
let machine: UserMachine
let network: TorNetwork
const start = (args: readonly string[], wish?: Wish): Running => machine.start(args, wish)
const run = (args: readonly string[], wish?: Wish): Promise<Ran> => machine.run(args, wish)
const inBox = (...argv: string[]): Promise<Ran> => machine.inBox(...argv)
const shell = (text: string, wish?: Wish): Promise<Ran> => machine.shell(text, wish)

/** Numbers of processes that have this word in their command line. */
function processesOf(word: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word)
      } catch {
        return false
      }
    })
}

async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const late = Date.now() + 60_000
  while (!(await look())) {
    if (Date.now() > late) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const PROGRAMS = ['curl', 'busybox', 'script', ...(TOR_NETWORK.programs ?? [])]

describe("an ordinary user's box", { skip: needs({ root: true, programs: PROGRAMS }), timeout: 240_000 }, () => {
  before(async () => {
    machine = await userMachine(t)
    network = machine.network
  })
  after(async () => {
    for (const clean of cleaners.toReversed()) await clean()
  })

  describe('reaches through Tor', () => {
    const asJson = (ran: Ran): { readonly source?: string; readonly host?: string } => {
      assert.equal(ran.code, 0, ran.stderr)
      return JSON.parse(ran.stdout) as { source?: string; host?: string }
    }

    it('a web server by name, which sees the exit', async () => {
      const page = asJson(await inBox('curl', '-sS', '-m', '60', 'http://www.outside.example/'))
      assert.deepEqual([page.source, page.host], [network.exits[0], 'www.outside.example'])
    })

    it('one by its IPv4 address, on another port, and one by its IPv6 address', async () => {
      const { outside } = network
      const four = asJson(await inBox('curl', '-sS', '-m', '60', `http://${outside?.address}:8080/`))
      assert.equal(four.source, network.exits[0])
      const six = asJson(await inBox('curl', '-sSg', '-m', '60', `http://[${outside?.address6}]/`))
      assert.equal(six.host, `[${outside?.address6}]`)
    })

    it('an onion service by its name', async () => {
      const page = asJson(
        await inBox('curl', '-sS', '-m', '90', '--retry', '3', '--retry-all-errors', `http://${network.onion}/`),
      )
      assert.equal(page.host, network.onion)
    })

    it('a server from a statically linked program', async () => {
      const page = asJson(await inBox('busybox', 'wget', '-q', '-O', '-', 'http://www.outside.example/'))
      assert.equal(page.source, network.exits[0])
    })

    it('a server from a program that speaks SOCKS, with the name or with its address in the box', async () => {
      for (const way of ['--socks5-hostname', '--socks5']) {
        const page = asJson(
          await inBox('curl', '-sS', '-m', '60', way, '127.0.0.1:9050', 'http://www.outside.example/'),
        )
        assert.equal(page.source, network.exits[0])
      }
    })

    it('large answers whole', async () => {
      const size = await shell('curl -sS -m 60 http://www.outside.example/bytes/5000000 | wc -c')
      assert.equal(size.stdout.trim(), '5000000')
    })

    it('the name of an address, which tor looks up', async () => {
      const { stdout } = await inBox('busybox', 'nslookup', '127.0.0.1')
      assert.match(stdout, /localhost/)
      const asked = await inBox('busybox', 'nslookup', network.outside?.address ?? '')
      assert.match(asked.stdout, /www\.outside\.example/)
    })
  })

  describe('lets nothing past Tor', () => {
    /** Tries everything that is no TCP, and the host itself; says what went through. */
    const PROBE = `
      const { createSocket } = require('dgram'), { connect } = require('net')
      const [v4, v6, file] = process.argv.slice(1)
      const udp = (type, address, port) => new Promise((done) => {
        const socket = createSocket(type).on('message', () => done('answer')).on('error', (e) => done(e.code))
        socket.send('probe', port, address, (e) => e && done(e.code))
        setTimeout(done, 1000, 'silence')
      })
      const tcp = (where) => new Promise((done) => connect(where, () => done('open')).on('error', (e) => done(e.code)))
      const probes = {
        quic: udp('udp4', v4, 443), other: udp('udp4', v4, 5300), six: udp('udp6', v6, 443),
        local: udp('udp6', 'fe80::1%lo', 443), all: udp('udp4', '255.255.255.255', 68),
        web: tcp({ host: '127.0.0.1', port: 8099 }), web6: tcp({ host: '::1', port: 8099 }),
        abstract: tcp({ path: '\\0noc-test-abstract' }), file: tcp({ path: file }),
      }
      Promise.all(Object.entries(probes).map(async ([name, probe]) => [name, await probe])).then((all) => {
        console.log(JSON.stringify(Object.fromEntries(all)))
        process.stdin.resume().on('end', () => process.exit())
      })`

    /** A service of the host on a file and an abstract name, open to everybody. */
    async function serveOnHost(file: string): Promise<void> {
      const program = `
        const { createServer } = require('net')
        createServer((s) => s.end()).listen('\\0noc-test-abstract', () =>
          createServer((s) => s.end()).listen({ path: process.argv[1], writableAll: true }, () => console.log('up')))`
      const argv = ['--target', String(network.pid), '--net', '--', process.execPath, '-e', program, file]
      const service = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
      t.after(() => service.kill('SIGKILL'))
      await once(service.stdout, 'data')
    }

    it('neither datagrams, nor the host by loopback, nor its Unix sockets; what was tried is told', async () => {
      const file = join(machine.directory, 'runtime', 'service.sock')
      await serveOnHost(file)
      const { address = '', address6 = '' } = network.outside ?? {}
      const box = start(['run', process.execPath, '-e', PROBE, address, address6, file])
      await box.says('}')
      const [status] = await machine.boxes()
      box.child.stdin?.end()
      const { stdout } = await box.ended
      const found = JSON.parse(stdout) as Record<string, string>
      for (const [name, result] of Object.entries(found)) {
        assert.ok(!['answer', 'open', 'silence'].includes(result), `${name}: ${result}`)
      }
      const tried = status?.guard?.dropped.find((one) => one.address === address && one.port === 443)
      assert.deepEqual([tried?.protocol, tried?.packets], ['udp', 1])
      assert.ok((status?.guard?.packets ?? 0) >= 4)
    })

    it('not a ping', async () => {
      const ping = await inBox('busybox', 'ping', '-c', '1', '-W', '1', network.outside?.address ?? '')
      assert.notEqual(ping.code, 0)
    })

    it('not when the root of the box flushes its rules and adds routes; the program can do neither', async () => {
      const own = await shell(
        'unshare -Ur ip route add default dev lo || unshare -Ur nft flush ruleset || echo refused',
      )
      assert.match(own.stdout, /refused/)
      const box = start(['run', 'sh', '-c', 'read -r go; curl -sS -m 5 http://www.outside.example/'])
      await until('the box', async () => (await machine.boxes()).length === 1)
      const [status] = await machine.boxes()
      const inside = ['--preserve-credentials', ...['user', 'net'].map((s) => `--${s}=/proc/${status?.anchor}/ns/${s}`)]
      const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', 'nsenter', ...inside]
      const flush = spawn(become[0] ?? '', [
        ...become.slice(1),
        'sh',
        '-c',
        'nft flush ruleset && ip route flush table local',
      ])
      assert.deepEqual((await once(flush, 'exit'))[0], 0)
      box.child.stdin?.end('go\n')
      assert.notEqual((await box.ended).code, 0)
    })

    it('so that nothing but the exit was ever seen outside', async () => {
      assert.deepEqual(await network.outside?.leaks(), [])
      assert.ok(((await network.outside?.flows()) ?? []).length > 0)
    })
  })

  describe('behaves as if there were no box', () => {
    it('exit status, signals, input and outputs', async () => {
      assert.equal((await shell('exit 7')).code, 7)
      assert.equal((await shell('kill -KILL $$')).code, 128 + 9)
      assert.equal((await inBox('no-such-program')).code, 127)
      const echo = start(['run', 'sh', '-c', 'read -r line; echo "out $line"; echo err >&2'])
      echo.child.stdin?.end('in\n')
      const { stdout, stderr } = await echo.ended
      assert.deepEqual([stdout, stderr], ['out in\n', 'err\n'])
      const trap = start(['run', 'sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'])
      await trap.says('ready')
      trap.child.kill('SIGTERM')
      assert.equal((await trap.ended).code, 5)
    })

    it('Ctrl-C, job control and the terminal', async () => {
      const typed = start(['run', 'bash', '--norc', '-i'], { terminal: true })
      for (const [wait, keys] of [
        ['$ ', "PS1='in''ner> '\n"],
        ['inner> ', 'sleep 1000\n'],
        ['sleep 1000', '\u0003'],
        ['^C', 'echo a$?b\n'],
        ['a130b', 'sleep 2000\n'],
        ['sleep 2000', '\u001a'],
        ['Stopped', 'fg\n'],
        ['fg', '\u0003'],
        ['^C', 'exit 6\n'],
      ] as const) {
        await typed.says(wait)
        // Programs take the terminal a moment after they say something.
        await new Promise((resolve) => setTimeout(resolve, 300))
        typed.child.stdin?.write(keys)
      }
      assert.equal((await typed.ended).code, 6)
    })

    it('an own user without any right, an own /tmp, no trace of where we are logged in from', async () => {
      const { stdout } = await shell(
        'ls $XDG_RUNTIME_DIR/nocturne/boxes; id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; ls -A /tmp; hostname; ls /sys/class/net; echo "$SSH_CONNECTION."; cat /etc/resolv.conf',
      )
      assert.deepEqual(stdout.trim().split('\n'), [
        String(NOBODY),
        'CapEff:\t0000000000000000',
        'NoNewPrivs:\t1',
        'localhost',
        'lo',
        '.',
        'nameserver 127.0.0.1',
      ])
    })
  })

  describe('while it runs', () => {
    it('is listed with what goes through it, can be joined, renewed and stopped', async () => {
      const first = start(['run', 'sh', '-c', 'touch /tmp/mine; echo up; sleep 1000'], { options: { name: 'web' } })
      await first.says('up')
      const joined = await run([
        'join',
        'web',
        'sh',
        '-c',
        'ls /tmp; curl -sS -m 60 -o /dev/null http://www.outside.example/; exit 4',
      ])
      assert.deepEqual([joined.code, joined.stdout], [4, 'mine\n'], joined.stderr)
      const [box] = await machine.boxes()
      assert.deepEqual([box?.name, box?.uid, box?.names], ['web', NOBODY, 1])
      assert.equal(box?.traffic.connected, 1)
      assert.ok((box?.traffic.bytesIn ?? 0) > 100)
      assert.equal((await run(['new-identity', 'web'])).code, 0)
      assert.notEqual((await machine.boxes())[0]?.socksUser, box?.socksUser)
      assert.match((await run(['run', 'true'], { options: { name: 'web' } })).stderr, /NOC_TORBOX_NAME_TAKEN/)
      assert.equal((await run(['stop', 'web'])).code, 0)
      assert.equal((await first.ended).code, 128 + 15)
      assert.deepEqual(await machine.boxes(), [])
      assert.match((await run(['stop', 'web'])).stderr, /NOC_TORBOX_NONE/)
    })

    it('has circuits of its own, shared by its programs, and others after a new identity', async () => {
      const hold = [process.execPath, '-e', "require('net').connect(80, 'www.outside.example')"]
      const connected = (name: string, streams: number): Promise<void> =>
        until(`${streams} streams of ${name}`, async () => {
          const box = (await machine.boxes()).find((one) => one.name === name)
          return box?.traffic.connected === streams
        })
      const held = [
        start(['run', ...hold], { options: { name: 'a' } }),
        start(['run', ...hold], { options: { name: 'b' } }),
      ]
      await Promise.all([connected('a', 1), connected('b', 1)])
      held.push(start(['join', 'a', ...hold]))
      await connected('a', 2)
      await run(['new-identity', 'a'])
      held.push(start(['join', 'a', ...hold]))
      await connected('a', 3)
      const folder = network.path(join(network.directory, 'client'))
      const control = torControl(connect(join(folder, 'control')))
      await control.authenticate({ kind: 'cookie', cookie: readFileSync(join(folder, 'control_auth_cookie')) })
      const streams = await control.streams()
      const logins = new Map((await control.circuits()).map(({ id, login }) => [id, login?.user]))
      control.close()
      for (const name of ['a', 'b']) await run(['stop', name])
      await Promise.all(held.map(({ ended }) => ended))
      const users = streams.map(({ circuit }) => logins.get(circuit ?? ''))
      assert.deepEqual(
        users.toSorted((a = '', b = '') => a.localeCompare(b)),
        ['noc-torbox-a-1', 'noc-torbox-a-1', 'noc-torbox-a-2', 'noc-torbox-b-1'],
      )
      assert.equal(new Set(streams.map(({ circuit }) => circuit)).size, 3)
    })

    it('ends as a whole with its keeper, even one that is killed', async () => {
      const word = String(1e6 + process.pid)
      const box = start(['run', 'sh', '-c', `setsid sleep ${word} & echo up; sleep ${word}`])
      await box.says('up')
      await until('the sleep', () => processesOf(word).length > 0)
      box.child.kill('SIGKILL')
      await until('the end of all', () => processesOf(word).length === 0)
      assert.deepEqual(await machine.boxes(), [])
    })

    it('of root is that of the user who is named', async () => {
      const whose = await run(
        ['run', 'sh', '-c', 'id -u; id -g; echo $HOME; curl -sS -m 60 http://www.outside.example/'],
        {
          asRoot: true,
          options: { user: 'nobody' },
        },
      )
      assert.match(whose.stdout, /^65534\n65534\n\/nonexistent\n\{/, whose.stderr)
    })
  })

  describe('is refused in one sentence', () => {
    it('where the kernel forbids user namespaces', async () => {
      const forbid = [
        'unshare',
        '--user',
        '--map-root-user',
        'sh',
        '-c',
        'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"',
        'sh',
      ]
      const { code, stderr } = await run(['run', 'true'], { before: forbid })
      assert.equal(code, 3)
      assert.match(stderr, /^NOC_TORBOX_USERNS .*this kernel allows no user namespaces\.\n$/)
    })

    it('where a program is missing', async () => {
      const hide = [
        'unshare',
        '--user',
        '--map-root-user',
        '--mount',
        'sh',
        '-c',
        'for f in /usr/sbin/nft /sbin/nft; do mount --bind /dev/null $f; done; exec "$@"',
        'sh',
      ]
      const { code, stderr } = await run(['run', 'true'], { before: hide })
      assert.equal(code, 3)
      assert.match(stderr, /^NOC_TORBOX_PROGRAM .*without nft, which is not installed\.\n$/)
    })

    it('when somebody wants to be another user', async () => {
      const { code, stderr } = await run(['run', 'true'], { options: { user: 'root' } })
      assert.deepEqual([code, stderr], [2, 'NOC_TORBOX_USER Only root may run a box as root.\n'])
    })

    it('when tor does not answer', async () => {
      const { code, stderr } = await run(['run', 'true'], { options: { socks: { host: '127.0.0.1', port: 1 } } })
      assert.equal(code, 3)
      assert.match(stderr, /^NOC_TORBOX_TOR .*127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\.\n$/)
    })
  })

  it('is closed when tor has stopped', async () => {
    const box = start(['run', 'sh', '-c', 'echo up; read -r go; curl -sS -m 20 http://www.outside.example/'])
    await box.says('up')
    const pid = readFileSync(network.path(join(network.directory, 'client', 'pid')), 'utf8').trim()
    await network.inside(['kill', '-KILL', pid])
    box.child.stdin?.end('go\n')
    const { code, stdout } = await box.ended
    assert.notEqual(code, 0)
    assert.equal(stdout, 'up\n')
    assert.deepEqual(await network.outside?.leaks(), [])
  })
})
