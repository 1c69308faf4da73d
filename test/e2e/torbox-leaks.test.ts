/**
 * The leak test, tried on hosts that leak and on ours, in a private Tor network: it must find what the HOWTO's rules
 * let through, and nothing where this project's set-up is.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { LeakReport } from '#systems/torbox/wire.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK, type TorNetwork, startTorNetwork } from '../tor/network.ts'
import type { HowtoOptions } from './torbox-leaks/plain-lab.ts'

const PROGRAMS = ['iptables', 'iptables-restore', 'sysctl', ...(TOR_NETWORK.programs ?? [])]
const CONFIG = '/etc/nocturne-test.toml'
const USER_CONFIG = '/etc/nocturne-test-user.toml'
/** One run with everything that breaks tor and rules takes some 25 s here. */
const LIMITS = { timeoutMs: 120_000 }
/**
 * Folders of this machine as they are, but what is written there goes to the network's own files in memory; and a
 * D-Bus that anybody may connect to.
 */
const SCRATCH = `
mkdir -m 755 scratch && cd scratch
for folder in etc var/lib; do
  mkdir -p upper/$folder work/$folder
  mount -t overlay scratch -o lowerdir=/$folder,upperdir=$PWD/upper/$folder,workdir=$PWD/work/$folder /$folder || exit 1
done
mount -t tmpfs scratch /run && mkdir /run/lock /run/dbus
"$0" -e "require('net').createServer().listen('/run/dbus/system_bus_socket', () => require('fs').chmodSync('/run/dbus/system_bus_socket', 0o777))" </dev/null >/dev/null 2>&1 &
while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
`

describe('the leak test', { skip: needs({ root: true, programs: PROGRAMS }) }, () => {
  let net: TorNetwork
  const ends: (() => Promise<void>)[] = []
  const script = (name: string): string[] => ['node', '--import', 'tsx', join('test/e2e/torbox-leaks', name)]
  const report = async (argv: readonly string[]): Promise<LeakReport> => {
    const { code, stdout, stderr } = await net.inside(argv, LIMITS)
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout.toString()) as LeakReport
  }
  const howto = (options: Omit<HowtoOptions, 'directory'>): Promise<LeakReport> =>
    report([...script('howto-program.ts'), JSON.stringify({ ...options, directory: net.directory })])
  const own = (config: string, kind: string, as: readonly string[] = []): Promise<LeakReport> =>
    report([...as, ...script('own-program.ts'), config, kind])
  const noc = async (...words: string[]): Promise<string> => {
    const argv = ['node', '--import', 'tsx', 'src/main.ts', 'torbox', ...words, '--config', CONFIG]
    const { code, stdout, stderr } = await net.inside(argv, LIMITS)
    assert.equal(code, 0, stderr)
    return stdout.toString()
  }

  before(async () => {
    const t = { after: (end: () => Promise<void>) => void ends.push(end) }
    const scratch = `cd "$1" && ${SCRATCH}`
    const folder = (await import('../tor/network.ts')).networkDirectory()
    mkdirSync(folder, { recursive: true })
    const prepare = ['sh', '-c', scratch, process.execPath, folder]
    net = await startTorNetwork(t, { onion: false, outside: true, before: [prepare] })
    const options = [...net.joining, 'GeoIPFile /dev/null', 'GeoIPv6File /dev/null']
    const table = `[daemon]\ndata = "/var/lib/nocturne"\n[torbox]\n`
    writeFileSync(net.path(CONFIG), `${table}tor_options = ${JSON.stringify(options)}\n`)
    const client = `socks = "127.0.0.1:${net.ports.socks}"\ncontrol_socket = "${net.directory}/client/control"\n`
    writeFileSync(net.path(USER_CONFIG), table + client)
  })
  after(async () => {
    for (const end of ends) await end()
  })

  it("passes in a user's box, and says what it could not ask there", async () => {
    for (const as of [[], ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', 'env', 'HOME=/tmp']]) {
      const { rows, answer } = await own(USER_CONFIG, 'user', as)
      assert.equal(answer.sentence, 'Nothing leaked.', describeRows(rows))
      const asked = rows.filter((row) => row.result === 'pass').map((row) => row.id)
      const always = ['tcp-name', 'tcp-address', 'dns-a', 'udp', 'icmp', 'ipv6', 'root-routes', 'host-udp', 'sockets']
      assert.deepEqual(
        always.filter((id) => !asked.some((one) => one === id)),
        [],
        describeRows(rows),
      )
    }
  })

  it("finds what the HOWTO's rules let through", async () => {
    const { rows } = await howto({ forward: 'DROP', forward6: false, bridged: true })
    // What it sends to the Internet goes through Tor or is dropped; all around that is open.
    assert.deepEqual(
      leaking(rows),
      ['host-udp', 'ipv6-link-local', 'host-loopback', 'host-ping', 'sockets', 'spoof', 'rules-flushed', 'flow-before'],
      describeRows(rows),
    )
    assert.equal(evidence(rows, 'rules-flushed').includes(`from ${net.outside?.host}`), true)
    assert.deepEqual(
      rows.filter((row) => row.result === 'not-applicable'),
      [],
    )
    assert.deepEqual(
      rows.filter((row) => row.result === 'fail' && !row.leak),
      [],
    )
  })

  it('finds that they leak the real address where the host forwards', async () => {
    const { rows, answer } = await howto({ forward: 'ACCEPT', forward6: true, bridged: false })
    assert.equal(answer.severity, 'critical')
    for (const id of ['dns-port', 'udp', 'icmp', 'forwarded']) {
      assert.ok(evidence(rows, id).includes(`from ${net.outside?.host}`), describeRows(rows))
    }
    const more = ['ipv6', 'root-routes', 'box-to-box', 'tor-stopped', 'tor-restarted']
    assert.deepEqual(
      more.filter((id) => !leaking(rows).includes(id)),
      [],
      describeRows(rows),
    )
  })

  it('passes with our set-up, on the host that the HOWTO has left forwarding', async () => {
    const before = await leaksOutside(net)
    await noc('apply', '--yes')
    try {
      await noc('run', '--wait', '60', '--', 'true')
      const { rows, answer, tookMs } = await own(CONFIG, 'root')
      assert.equal(answer.sentence, 'Nothing leaked.', describeRows(rows))
      assert.deepEqual(
        rows.filter((row) => row.result !== 'pass'),
        [],
      )
      assert.ok(tookMs < 60_000)
      // Beyond what the test itself let out to see old flows cut, the servers outside have seen nothing new.
      const news = (await leaksOutside(net)).filter((flow) => !before.includes(flow))
      assert.deepEqual(
        news.filter((flow) => !flow.includes('198.51.100.')),
        [],
      )
      assert.match(await noc('plan'), /Nothing to do/)
    } finally {
      await noc('undo', '--yes')
    }
    const { stdout } = await net.inside(['sh', '-c', 'nft list tables; ip -brief link'])
    assert.doesNotMatch(stdout.toString(), /noc_|tornet/)
  })
})

function leaking(rows: LeakReport['rows']): readonly string[] {
  return rows.filter((row) => row.leak).map((row) => row.id)
}

function evidence(rows: LeakReport['rows'], id: string): string {
  return rows.find((row) => row.id === id)?.evidence ?? ''
}

function describeRows(rows: LeakReport['rows']): string {
  return rows.map((row) => `${row.leak ? 'LEAK' : row.result} ${row.id}: ${row.evidence}`).join('\n')
}

/** Flows that reached the outside without an exit, whatever their size. */
async function leaksOutside(net: TorNetwork): Promise<string[]> {
  const flows = (await net.outside?.leaks()) ?? []
  return flows.map(({ source, destination, protocol, port }) => `${source} ${destination} ${protocol} ${port}`)
}
