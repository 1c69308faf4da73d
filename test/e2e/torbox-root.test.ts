/** The sandbox of root from plan to undo, as somebody uses it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ListedBox } from '#systems/torbox/cli-boxes.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK } from '../tor/network.ts'
import {
  type Answer,
  EXITS,
  TOR_DATA,
  boxes,
  circuitsBySource,
  difference,
  machine,
  signal,
  stateOf,
  textOf,
  until,
} from './torbox-machine.ts'

const root = join(import.meta.dirname, '../..')
/** Patience with a circuit on a busy machine, s. */
const CURL = ['curl', '--silent', '--show-error', '--max-time', '40'] as const

/** Keeps connections open one after the other, so that there is always a stream to look at. */
const TALKER = `require('node:net').connect(8080, 'www.outside.example')
  .on('error', () => process.exit(9)).on('close', () => process.exit(8))
setInterval(() => {}, 1000)`

test(
  'the sandbox of root, from plan to undo',
  { skip: needs({ ...TOR_NETWORK, programs: [...(TOR_NETWORK?.programs ?? []), 'curl', 'ss', 'script', 'sysctl'] }) },
  async (t) => {
    const host = await machine(t)
    const { network, noc, begin, sh } = host
    await t.test('before there is a set-up, root gets a box as ordinary users do, and is told so', async () => {
      const { code, err } = await noc('run', '--', 'true')
      assert.equal(code, 0, err)
      assert.match(err, /without the bridge/)
    })
    const before = await stateOf(host)

    await t.test('plan changes nothing and exits with 1; apply converges', async () => {
      const plan = await noc('plan')
      assert.equal(plan.code, 1)
      assert.match(plan.out, /nft-table:inet noc_torbox/)
      assert.deepEqual(difference(before, await stateOf(host)), [])
      const apply = await noc('apply', '--yes')
      assert.equal(apply.code, 0, apply.err)
      assert.equal((await noc('plan')).code, 0)
    })

    await t.test('verify sees a connection come to tor and a datagram dropped', async () => {
      const { code, out, err } = await noc('verify')
      assert.equal(code, 0, out + err)
      assert.match(out, /tor was asked for .* by 10\.100\.100\.\d+; the datagram was dropped/)
    })

    await t.test('a program reaches the web through an exit, and its exit status is ours', async () => {
      const { code, out, err } = await noc('run', '--', ...CURL, 'http://www.outside.example/')
      assert.equal(code, 0, err)
      assert.match(err, /behind the bridge at 10\.100\.100\./)
      assert.ok(EXITS.includes((JSON.parse(out) as { source: string }).source), out)
      assert.equal((await noc('run', '-q', '--', 'sh', '-c', 'exit 7')).code, 7)
      assert.equal((await noc('run', '-q', '--', 'sh', '-c', 'kill -9 $$')).code, 128 + 9)
      assert.equal((await noc('run', '--', 'noc-no-such-program')).code, 127)
    })

    await t.test('a bare address, an onion service by name, and SOCKS at the bridge work too', async () => {
      const address = await noc('run', '-q', '--', ...CURL, `http://${network.outside?.address}/`)
      assert.ok(EXITS.includes((JSON.parse(address.out) as { source: string }).source), address.err)
      const onion = await until('the onion service', async () => {
        const { code, out } = await noc('run', '-q', '--', ...CURL, `http://${network.onion}/`)
        return code === 0 && out
      })
      assert.match(onion, new RegExp(network.onion))
      const socks = await noc(
        'run',
        '-q',
        '--',
        ...CURL,
        '--socks5-hostname',
        '10.100.100.1:9050',
        'http://www.outside.example/',
      )
      assert.ok(EXITS.includes((JSON.parse(socks.out) as { source: string }).source), socks.err)
    })

    await t.test(
      'a box has its own files of names, an empty /run and /tmp, and no right over its network',
      async () => {
        const script =
          'cat /etc/resolv.conf; ls /run /tmp; ls /sys/class/net; hostname; id -un; umount /run 2>&1; ip link del eth0 2>&1'
        const { out } = await noc('run', '-q', '--user', 'nobody', '--', 'sh', '-c', script)
        assert.match(
          out,
          /^nameserver 10\.100\.100\.1\n\/run:\nlock\nuser\n\n\/tmp:\n(?:\w+\n)?eth0\nlo\nlocalhost\nnobody\n/,
        )
        assert.match(out, /umount: .*\n.*Operation not permitted/)
      },
    )

    await t.test('no socket of the host can be reached, but one that is asked for', async () => {
      const place = '/var/tmp/a socket'
      const gone = '/var/tmp/gone'
      const listener = spawn(network.entry[0] ?? '', [
        ...network.entry.slice(1),
        process.execPath,
        '-e',
        LISTENER,
        gone,
        place,
        '/run/dbus/system_bus_socket',
      ])
      t.after(() => listener.kill('SIGKILL'))
      const heard = textOf(listener.stdout)
      await until('all listen', async () => heard().includes('system_bus_socket'))
      // It is still bound, but there is nothing to cover any more.
      await sh(`rm ${gone}`)
      const ask = (...flags: readonly string[]): Promise<Answer> =>
        noc('run', '-q', ...flags, '--', process.execPath, '-e', ASKER, place, '/run/dbus/system_bus_socket')
      assert.equal((await ask()).out, 'ECONNREFUSED ENOENT\n')
      assert.equal((await ask('--keep', 'dbus')).out, 'ECONNREFUSED open\n')
      await sh('rm /run/dbus/system_bus_socket')
    })

    await t.test(
      'Firejail guards the program inside the box',
      { skip: needs({ programs: ['firejail'] }) },
      async () => {
        const script = `grep Seccomp: /proc/self/status; exec ${CURL.join(' ')} http://www.outside.example/`
        const { code, out, err } = await noc('run', '-q', '--firejail', '--', 'sh', '-c', script)
        assert.equal(code, 0, err)
        assert.match(out, /^Seccomp:\t2\n.*203\.0\.113\.9/)
      },
    )

    await t.test('two boxes have different circuits; one box gets new ones, the other keeps its own', async () => {
      const circuits = await circuitsBySource(t, host)
      for (const name of ['one', 'two'])
        begin('run', '--name', name, '--', process.execPath, '-e', `setInterval(() => {}, 1000)`)
      const listed = await until('two boxes run', async () => {
        const list = await boxes(host)
        return list.length === 2 && list.every(({ state }) => state === 'running') && list
      })
      assert.deepEqual(listed.map(({ kind, name }) => `${kind} ${name}`).toSorted(), ['root one', 'root two'])
      const talk = (name: string): ChildProcess => begin('join', name, '--', process.execPath, '-e', TALKER)
      const circuitOf = (source: string | null): Promise<string> =>
        until(`a stream of ${source}`, async () => circuits.get(source ?? '') ?? null)
      const addressOf = (name: string, list: readonly ListedBox[]): string | null =>
        list.find((box) => box.name === name)?.address ?? null
      const [first, second] = [talk('one'), talk('two')]
      const [one, two] = [await circuitOf(addressOf('one', listed)), await circuitOf(addressOf('two', listed))]
      assert.notEqual(one, two)

      const ended = once(first, 'exit')
      const renewed = await noc('new-identity', 'one', '--json')
      assert.equal(renewed.code, 0, renewed.err)
      await ended
      const { address } = JSON.parse(renewed.out) as ListedBox
      assert.notEqual(address, addressOf('one', listed))
      assert.equal(addressOf('one', await boxes(host)), address)
      talk('one')
      const after = await circuitOf(address)
      assert.ok(![one, two].includes(after), 'a circuit of its own')
      assert.equal(second.exitCode, null, 'what the other box has open stays open')
      circuits.delete(addressOf('two', listed) ?? '')
      talk('two')
      assert.equal(await circuitOf(addressOf('two', listed)), two, 'and it keeps its circuit')
    })

    await t.test('stop ends a box, and a signal to noc is one to the program', async () => {
      assert.equal((await noc('stop', 'one')).code, 0)
      assert.equal((await noc('stop', 'two')).code, 0)
      assert.deepEqual(await boxes(host), [])
      assert.equal((await noc('stop', 'one')).code, 2)
      const child = begin(
        'run',
        '--name',
        'trap',
        '--',
        'sh',
        '-c',
        'trap "exit 42" TERM; echo up; while :; do sleep 0.1; done',
      )
      if (child.stdout) await once(child.stdout, 'data')
      await signal(host, 'trap', 'TERM')
      assert.deepEqual(await once(child, 'exit'), [42, null])
    })

    await t.test('on a terminal Ctrl-C reaches the program, and the terminal is its own', async () => {
      const line = `exec node --import tsx src/main.ts torbox run -q -- sh -c 'trap "echo interrupted; exit 5" INT; test -t 0 && test -t 1 && echo terminal; while :; do sleep 0.1; done'`
      const argv = [
        ...network.entry,
        'env',
        'NOC_CONFIG=/etc/nocturne.toml',
        'NOC_DATA=/mnt/nocturne',
        'script',
        '--quiet',
        '--return',
        '--command',
        line,
        '/dev/null',
      ]
      const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
      t.after(() => child.kill('SIGKILL'))
      const out = textOf(child.stdout)
      await until('the program runs', async () => out().includes('terminal'))
      child.stdin.write('\u0003')
      const [code] = (await once(child, 'exit')) as [number]
      assert.match(out(), /interrupted/)
      assert.equal(code, 5)
    })

    await t.test(
      'noc killed with SIGKILL leaves nothing that runs, and what it leaves is shown and cleared away',
      async () => {
        begin('run', '--name', 'victim', '--', 'sleep', '4321')
        await until('it runs', async () => (await boxes(host)).some(({ state }) => state === 'running'))
        await signal(host, 'victim', 'KILL')
        await until(
          'nothing runs',
          async () => (await sh('ps -eo args | grep -c "^sleep [4]321" || true')).trim() === '0',
        )
        assert.deepEqual(
          (await boxes(host)).map(({ name, state }) => [name, state]),
          [['victim', 'stale']],
        )
        assert.equal((await noc('run', '-q', '--', 'true')).code, 0)
        assert.deepEqual(await boxes(host), [])
        assert.equal(
          await sh(
            'ls /run/nocturne/torbox/boxes /run/nocturne/torbox/seats; ip -brief link | grep -c tornet- || true',
          ),
          '/run/nocturne/torbox/boxes:\n\n/run/nocturne/torbox/seats:\n0\n',
        )
      },
    )

    await t.test('many boxes at the same time get a name and an address each', async () => {
      const all = await Promise.all(
        Array.from({ length: 6 }, () =>
          noc('run', '-q', '--', 'sh', '-c', 'echo $NOC_TORBOX; ip -4 -o address show eth0 | cut -d" " -f7'),
        ),
      )
      assert.deepEqual(
        all.map(({ code }) => code),
        [0, 0, 0, 0, 0, 0],
      )
      assert.equal(new Set(all.map(({ out }) => out.split('\n')[1])).size, 6)
    })

    await t.test('an ordinary user gets a box without any set-up of theirs, through the same tor', async () => {
      const entry = [
        ...network.entry,
        'setpriv',
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        'env',
        'NOC_CONFIG=/etc/nocturne.toml',
        'HOME=/tmp',
      ]
      const { code, stdout, stderr } = await network.inside([
        ...entry.slice(network.entry.length),
        process.execPath,
        '--import',
        'tsx',
        join(root, 'src/main.ts'),
        'torbox',
        'run',
        '--',
        ...CURL,
        'http://www.outside.example/',
      ])
      assert.equal(code, 0, stderr)
      assert.match(stderr, /ordinary user/)
      assert.ok(EXITS.includes((JSON.parse(stdout.toString()) as { source: string }).source))
    })

    await t.test(
      'with all rules gone and forwarding switched on nothing leaves; it is noticed, and apply mends it',
      async () => {
        begin('run', '--name', 'open', '--', 'sleep', '1000')
        await until('it runs', async () => (await boxes(host)).some(({ state }) => state === 'running'))
        // What reloading nftables and starting Docker do.
        await sh(
          'nft flush ruleset; sysctl -q net.ipv4.ip_forward=1; test "$(cat /proc/sys/net/ipv4/conf/tornet/forwarding)" = 1',
        )
        const visits = network.outside?.visits().length
        await noc('join', 'open', '--', process.execPath, '-e', PAST_TOR)
        const curl = await noc('join', 'open', '--', 'curl', '--silent', '--max-time', '2', 'http://203.0.113.1/')
        assert.notEqual(curl.code, 0)
        assert.equal(network.outside?.visits().length, visits)
        assert.deepEqual(await network.outside?.leaks(), [])
        const { code, err } = await noc('run', '--', 'true')
        assert.equal(code, 3)
        assert.match(err, /without its rules[\s\S]*noc torbox apply/)
        assert.equal((await noc('stop', 'open')).code, 0)
        assert.equal((await noc('apply', '--yes')).code, 0)
        assert.equal((await noc('run', '-q', '--', 'true')).code, 0)
        await sh('sysctl -q net.ipv4.ip_forward=0')
      },
    )

    await t.test('what systemd runs at the next start of the machine brings all of it back', async () => {
      await sh('ip link delete tornet; nft flush ruleset; for f in 4 6; do ip -$f rule delete priority 100; done')
      const unit = await sh('cat /etc/systemd/system/noc-torbox-network.service')
      await sh(['set -e', ...[...unit.matchAll(/^ExecStart=-?(.*)$/gm)].map(([, line]) => line)].join('\n'))
      assert.equal((await noc('plan')).code, 0)
      assert.equal((await noc('run', '-q', '--', ...CURL, 'http://www.outside.example/')).code, 0)
    })

    await t.test('a tor that is not there is told, with what to do', async () => {
      await sh(`mv ${TOR_DATA}/control ${TOR_DATA}/gone`)
      const { code, err } = await noc('run', '--', 'true')
      assert.equal(code, 3)
      assert.match(err, /Tor can't be asked at .*control/)
      await sh(`mv ${TOR_DATA}/gone ${TOR_DATA}/control`)
    })

    await t.test('nothing of all this left the machine but through the exits', async () => {
      await noc('run', '-q', '--', process.execPath, '-e', PAST_TOR)
      assert.deepEqual(await network.outside?.leaks(), [])
      assert.match(
        await sh('nft list set inet noc_torbox tried'),
        /10\.100\.100\.\d+ \. udp \. 203\.0\.113\.1 \. 5300 counter packets [1-9]/,
      )
    })

    await t.test('undo leaves nothing behind', async () => {
      const { code, out, err } = await noc('undo', '--yes')
      assert.equal(code, 0, out + err)
      assert.deepEqual(difference(before, await stateOf(host)), [])
    })
  },
)

const LISTENER = `for (const path of process.argv.slice(1)) {
  require('node:fs').mkdirSync(require('node:path').dirname(path), { recursive: true })
  require('node:net').createServer((socket) => socket.end()).listen(path, () => console.log(path))
}`
const ASKER = `Promise.all(process.argv.slice(1).map((path) => new Promise((resolve) =>
  require('node:net').connect(path, () => resolve('open')).on('error', (error) => resolve(error.code)))))
  .then((found) => { console.log(found.join(' ')); process.exit() })`
const PAST_TOR = `const udp = require('node:dgram').createSocket('udp4')
for (const port of [443, 5300]) udp.send('past', port, '203.0.113.1')
setTimeout(() => process.exit(), 500)`
