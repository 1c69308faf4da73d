import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RecentAttempt } from './circuits/recent.ts'
import { circuitLines } from './circuits/text.ts'
import { answerOf } from './leak/answer.ts'
import { PROBES } from './leak/probes.ts'
import { reportLines } from './leak/report.ts'
import { type Facts, verdicts } from './verdicts.ts'
import { answer } from './view.ts'
import type { BoxView, CircuitsReport, LeakReport, LeakRow } from './wire.ts'

const AT = 1_800_000_000_000
const relay = (nickname: string, country: string | null): BoxView['circuits'][number]['relays'][number] => ({
  fingerprint: 'A'.repeat(40),
  nickname,
  address: '192.0.2.1',
  country,
})
const web: BoxView = {
  name: 'web',
  kind: 'root',
  address: '10.100.100.11',
  user: 'alice',
  command: 'firefox',
  since: AT - 600_000,
  streams: [
    {
      id: '7',
      status: 'SUCCEEDED',
      target: 'www.site.example:443',
      address: '192.0.2.1',
      circuit: '30',
      since: AT,
      bytesReceived: 2048,
      bytesSent: null,
    },
  ],
  circuits: [
    {
      id: '30',
      status: 'BUILT',
      purpose: 'GENERAL',
      relays: [relay('guard\u001b[31m', 'DE'), relay('middle', null), relay('exit', 'SE')],
    },
  ],
  bytesReceived: 4096,
  bytesSent: 100,
}
const report: CircuitsReport = {
  at: AT,
  tor: { state: 'ready', version: '0.4.9' },
  boxes: [web, { ...web, name: 'mail', streams: [], circuits: [] }],
  unassigned: [],
  dropped: [],
  reasons: [],
  unread: null,
}
const row = (index: number, change: Partial<LeakRow> = {}): LeakRow => {
  const [probe] = PROBES.slice(index)
  assert.ok(probe)
  const { id, group, name, proves, why } = probe
  return { id, group, name, proves, why, result: 'pass', leak: false, evidence: 'nothing left this machine', ...change }
}
const test = (rows: readonly LeakRow[]): LeakReport => ({
  at: AT,
  tookMs: 9000,
  box: { kind: 'root', name: 'leaktest' },
  answer: answerOf(rows),
  rows,
  notes: ['Compared with everything.'],
})
const clean = test(PROBES.map((_, index) => row(index)))
const going = (change: Partial<RecentAttempt> = {}): RecentAttempt => ({
  box: 'web',
  source: '10.100.100.11',
  target: '224.0.0.251',
  name: null,
  protocol: 'udp',
  port: 5353,
  packets: 12,
  first: AT,
  last: AT,
  ...change,
})
const facts: Facts = { report, setUp: { state: 'whole' }, recent: [], leakTest: clean }
const said = (all: Facts): string => answer({ ...all, verdicts: verdicts(all) }).sentence

describe('the answer of the page', () => {
  it('counts the boxes and says whether something leaked', () => {
    assert.equal(said(facts), 'Two boxes, both through Tor; nothing leaked.')
    assert.equal(said({ ...facts, leakTest: null }), 'Two boxes, both through Tor; not tested yet.')
    const empty = test(PROBES.map((_, index) => row(index, { result: 'not-applicable' })))
    assert.equal(said({ ...facts, leakTest: empty }), 'Two boxes, both through Tor; the leak test could not be run.')
    assert.equal(said({ ...facts, report: { ...report, boxes: [web] } }), 'One box, through Tor; nothing leaked.')
    assert.equal(said({ ...facts, report: { ...report, boxes: [] } }), 'No box runs.')
  })

  it('begins with the worst: a leak, then rules that are gone, then boxes without tor, then what a box tries', () => {
    const down = { ...report, tor: { state: 'unreachable', why: 'refused' } as const }
    const leaking = test([row(7, { result: 'fail', leak: true, evidence: '3 packets left by eno1' }), row(8)])
    assert.equal(said({ ...facts, report: down }), 'Two boxes are without a way out: tor does not answer.')
    assert.match(
      said({ ...facts, report: down, setUp: { state: 'broken', what: 'its rules' } }),
      /^The sandbox is without its rules/,
    )
    assert.equal(said({ ...facts, report: down, leakTest: leaking, recent: [going()] }), 'The box leaks: UDP.')
    assert.equal(said({ ...facts, recent: [going()] }), 'web tries to get past Tor: UDP 5353 to 224.0.0.251.')
  })
})

describe('alerts', () => {
  const keys = (change: Partial<Facts>): string[] =>
    verdicts({ ...facts, ...change }).map((one) => `${one.severity} ${one.key}`)

  it('are one a box, whatever it tries, and none for QUIC, which browsers do without', () => {
    assert.deepEqual(keys({ recent: [going(), going({ target: '192.0.2.5', protocol: 'icmp', port: null })] }), [
      'warning tried:web',
    ])
    assert.deepEqual(keys({ recent: [going({ port: 443 })] }), [])
  })

  it('of tor and rules wait until a box needs them', () => {
    const tor = { state: 'starting', percent: 40, doing: 'Loading' } as const
    assert.deepEqual(keys({ report: { ...report, tor } }), ['warning tor'])
    assert.deepEqual(keys({ report: { ...report, tor, boxes: [] } }), [])
    assert.deepEqual(keys({ setUp: { state: 'broken', what: 'its rules' } }), ['critical set-up'])
    assert.deepEqual(keys({ setUp: { state: 'broken', what: 'its rules' }, report: { ...report, boxes: [] } }), [
      'warning set-up',
    ])
  })
})

describe('in the terminal', () => {
  const plainly = { columns: 200, ink: (_: string, text: string) => text.replaceAll('\u001b', '?') }

  it('a box shows its relays with countries and its connections, and no name reaches the terminal raw', () => {
    const text = circuitLines(report, plainly).join('\n')
    assert.match(text, /circuit 30 guard.*DE -> middle \?\? -> exit SE/)
    assert.match(text, /www\.site\.example:443 +192\.0\.2\.1 +30 +succeeded +2 KiB/)
    assert.ok(!text.includes('\u001b'))
  })

  it('what was dropped is told by box and target', () => {
    const text = circuitLines(
      {
        ...report,
        dropped: [going({ packets: 1200 }), going({ name: 'www.site.example' })],
        reasons: [{ reason: 'udp', what: 'UDP', packets: 1300 }],
      },
      plainly,
    )
    assert.ok(
      text.some((line) => /1,200 +web +UDP 5353 to 224\.0\.0\.251/.test(line)),
      text.join('\n'),
    )
    assert.ok(text.some((line) => line.includes('UDP 5353 to 224.0.0.251 (www.site.example)')))
    assert.ok(circuitLines({ ...report, unread: 'nft refused' }, plainly).includes('nft refused'))
  })

  it('a leak test has a line a row with its evidence, broken within the screen', () => {
    const leaking = test([
      row(7, { result: 'fail', leak: true, evidence: 'packets '.repeat(30).trim() }),
      row(20, { result: 'not-applicable' }),
    ])
    const lines = reportLines(leaking, { columns: 80, ink: (_, text) => text })
    assert.ok(lines.some((line) => line.startsWith('  LEAK  UDP')))
    assert.ok(lines.some((line) => line.startsWith('  n/a   Tor stopped')))
    assert.ok(
      lines.slice(1).every((line) => line.length <= 80),
      lines.join('\n'),
    )
  })
})
