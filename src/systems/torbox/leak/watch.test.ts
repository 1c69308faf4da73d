import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { run } from '#core/host/run.ts'
import { needs } from '../../../../test/peers.ts'
import { chooseTargets } from './targets.ts'
import { ownerOf, parseSightings, tableName, watchTable } from './watch.ts'

const targets = chooseTargets(
  Buffer.from(Array.from({ length: 48 }, (_, index) => index)),
  [],
  'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion',
)
const watched = { targets, pid: 12, links: ['tornet'] }
const element = (concat: readonly unknown[], packets: number): unknown => ({
  elem: { val: { concat }, counter: { packets, bytes: 60 * packets } },
})
const answer = (sets: Readonly<Record<string, readonly unknown[]>>): string =>
  JSON.stringify({
    nftables: [
      { metainfo: {} },
      ...Object.entries(sets).map(([name, elem]) => ({ set: { name, elem } })),
      { chain: {} },
    ],
  })

describe('what left', () => {
  it('is told by interface, source, target and protocol, of both families', () => {
    const seen = parseSightings(
      answer({
        left4: [element(['eno1', '203.0.113.2', '198.51.100.8', 'udp'], 3)],
        left6: [element(['eno1', '2001:db8::1', '2001:db8:7::9', 'ipv6-icmp'], 1)],
        forwarded4: [element(['eno1', '203.0.113.2', '198.51.100.8', 'udp'], 3)],
      }),
    )
    const first = { interface: 'eno1', source: '203.0.113.2', target: '198.51.100.8', protocol: 'udp', packets: 3 }
    assert.deepEqual(seen.left, [
      first,
      { ...first, source: '2001:db8::1', target: '2001:db8:7::9', protocol: 'ipv6-icmp', packets: 1 },
    ])
    assert.deepEqual(seen.forwarded, [first])
    assert.deepEqual(seen.names, [])
  })

  it('is nothing in an answer of another form', () => {
    const none = { left: [], names: [], texts: [], onions: [], forwarded: [] }
    fc.assert(fc.property(fc.json(), (json) => assert.deepEqual(parseSightings(json), none)))
    assert.deepEqual(parseSightings(answer({ left4: [element(['eno1', 'x'], 1), { elem: 'no' }, null] })), none)
  })
})

it("a test's tables are known by their process, nobody else's are", () => {
  assert.equal(ownerOf(tableName(4711, 'hold')), 4711)
  for (const name of ['noc_torbox', 'noc_leaktest_', 'noc_leaktest_x_hold', 'filter']) assert.equal(ownerOf(name), null)
})

const SCRIPT = `ip link set lo up && ip address add ${targets.v4.udp}/32 dev lo && nft -f - && "$@"`
const SENDER = join(import.meta.dirname, 'fixtures/send.ts')

it(
  'packets of a run are counted where they leave, those of other runs are not',
  { skip: needs({ root: true, programs: ['nft', 'ip', 'unshare'] }) },
  async () => {
    const question = (label: string): string =>
      `${'\u0000'.repeat(12)}${String.fromCharCode(label.length)}${label}\u0007invalid`
    const messages = [
      ['127.0.0.1', targets.v4.udp, 'noc'],
      ['127.0.0.1', targets.v4.udp, 'noc'],
      ['127.0.0.1', '127.0.0.3', question(targets.token)],
      ['127.0.0.1', '127.0.0.3', question(`${targets.token.slice(0, -1)}x`)],
      ['127.0.0.1', '127.0.0.4', question(targets.onion.slice(0, 56))],
      ['127.0.0.1', '127.0.0.5', question(targets.text)],
    ]
    const inside = [process.execPath, '--import', 'tsx', SENDER, JSON.stringify(messages), tableName(12, targets.token)]
    const { code, stdout, stderr } = await run(['unshare', '--net', 'sh', '-c', SCRIPT, 'sh', ...inside], {
      stdin: watchTable(watched),
      timeoutMs: 20_000,
      maxBytes: 1 << 20,
    })
    assert.equal(code, 0, stderr)
    const seen = parseSightings(stdout.toString())
    const packet = { interface: 'lo', source: '127.0.0.1', protocol: 'udp' }
    assert.deepEqual(seen.left, [{ ...packet, target: targets.v4.udp, packets: 2 }])
    assert.deepEqual(seen.names, [{ ...packet, target: '127.0.0.3', packets: 1 }])
    assert.deepEqual(seen.texts, [{ ...packet, target: '127.0.0.5', packets: 1 }])
    assert.deepEqual(seen.onions, [{ ...packet, target: '127.0.0.4', packets: 1 }])
  },
)
