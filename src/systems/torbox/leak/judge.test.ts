import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerOf } from './answer.ts'
import { judge } from './judge.ts'
import type { Observations } from './observations.ts'
import { tokenFor } from './plan.ts'
import { PROBES, type ProbeId } from './probes.ts'
import { chooseTargets } from './targets.ts'
import type { Outcome, TaskResult } from './tasks.ts'
import type { Left } from './watch.ts'

const targets = chooseTargets(Buffer.alloc(48, 3), [], 'abc.onion')
const BOX = '10.100.100.11'
const OTHER = '10.100.100.12'

const result = (id: string, outcome: Outcome, detail = outcome as string): TaskResult => ({
  id,
  outcome,
  detail,
  ms: 1,
})
const left = (target: string, protocol = 'udp'): Left => ({
  interface: 'eno1',
  source: '203.0.113.2',
  target,
  protocol,
  packets: 3,
})
const NOTHING = { left: [], names: [], texts: [], onions: [], forwarded: [] }

/** What a run sees on a host that leaks nothing. */
const quiet: Observations = {
  kind: 'root',
  targets,
  results: [
    result('look', 'answered', 'eth0'),
    result('tcp-name/TCP', 'connected'),
    result('tcp-address/TCP', 'connected'),
    result('dns-a/A', 'answered', 'the server says that there is no such name'),
    result('dns-aaaa/AAAA', 'answered'),
    result('dns-txt/TXT', 'answered', 'NOTIMP'),
    result('dns-server/A', 'answered'),
    result('spoof/TCP', 'nothing', 'no answer'),
    result('tor-restarted/again', 'connected'),
    ...PROBES.filter(({ group }) => group !== 'tor').map(({ id }) => result(`${id}/x`, 'nothing', 'no answer')),
  ],
  sightings: NOTHING,
  hostArrivals: [],
  boxArrivals: [],
  otherAddress: OTHER,
  streams: [
    { source: BOX, target: `abc.onion:${targets.port}` },
    { source: BOX, target: `${targets.v4['tcp-address']}:${targets.port}` },
  ],
  flow: { before: 4, after: 4 },
  skipped: {},
}

function rowOf(id: ProbeId, change: Partial<Observations>): { result: string; leak: boolean; evidence: string } {
  const row = judge({ ...quiet, ...change }).find((one) => one.id === id)
  assert.ok(row)
  return row
}

/** The quiet run, with other results for one row. */
function results(id: ProbeId, ...own: readonly TaskResult[]): readonly TaskResult[] {
  return [...quiet.results.filter((one) => !one.id.startsWith(`${id}/`)), ...own]
}

function leaks(id: ProbeId, change: Partial<Observations>, evidence: RegExp): void {
  const row = rowOf(id, change)
  assert.deepEqual([row.result, row.leak], ['fail', true], row.evidence)
  assert.match(row.evidence, evidence)
}

describe('a run that saw nothing leave', () => {
  it('passes in every row', () => {
    const rows = judge(quiet)
    assert.deepEqual(
      rows.filter((row) => row.result !== 'pass'),
      [],
    )
    assert.equal(rows.length, PROBES.length)
    assert.equal(answerOf(rows).sentence, 'Nothing leaked.')
  })

  it('says of rows that were not asked why, and passes none of them', () => {
    assert.equal(rowOf('tor-stopped', { skipped: { 'tor-stopped': 'not wanted' } }).result, 'not-applicable')
    assert.equal(rowOf('udp', { results: [] }).result, 'not-applicable')
    const untried = rowOf('icmp', { results: results('icmp', result('icmp/ping', 'unknown', 'needs koffi')) })
    assert.deepEqual([untried.result, untried.evidence], ['not-applicable', 'needs koffi'])
    assert.equal(rowOf('forwarded', { sightings: null }).result, 'not-applicable')
    assert.equal(rowOf('box-to-box', { boxArrivals: null }).result, 'not-applicable')
  })
})

describe('what was seen to leave', () => {
  it('is a leak whatever the box believed, with interface, real address and packets as evidence', () => {
    for (const id of [
      'tcp-address',
      'dns-server',
      'dns-port',
      'udp',
      'icmp',
      'root-routes',
      'tor-stopped',
      'tor-restarted',
      'rules-flushed',
      'spoof',
    ] as const) {
      leaks(
        id,
        { sightings: { ...NOTHING, left: [left(targets.v4[id])] } },
        /3 packets \(udp\) to .* left by eno1 from 203\.0\.113\.2/,
      )
    }
    leaks('ipv6', { sightings: { ...NOTHING, left: [left(targets.v6.ipv6, 'tcp')] } }, /\(tcp\)/)
    leaks('forwarded', { sightings: { ...NOTHING, forwarded: [left('192.0.2.77')] } }, /192\.0\.2\.77/)
  })

  it("is a leak of names when it asks for this run's name, from whatever program", () => {
    for (const id of ['dns-a', 'dns-aaaa'] as const) {
      leaks(id, { sightings: { ...NOTHING, names: [left('192.0.2.53')] } }, /192\.0\.2\.53/)
    }
    leaks('dns-txt', { sightings: { ...NOTHING, texts: [left('192.0.2.53')] } }, /192\.0\.2\.53/)
    leaks('tcp-name', { sightings: { ...NOTHING, onions: [left('192.0.2.53')] } }, /192\.0\.2\.53/)
  })

  it('is the doing of its own row only: old flows that were let out on purpose are not "anything else"', () => {
    const out = left(targets.v4['flow-before'])
    assert.equal(rowOf('forwarded', { sightings: { ...NOTHING, forwarded: [out] } }).result, 'pass')
    leaks('flow-before', { flow: { before: 4, after: 6 } }, /2 more packets/)
    assert.equal(rowOf('flow-before', { flow: { before: 0, after: 0 } }).result, 'pass')
  })
})

describe('an answer from where none should come', () => {
  it('is a leak', () => {
    leaks('udp', { results: results('udp', result('udp/UDP', 'answered', '9 bytes')) }, /9 bytes/)
    leaks(
      'host-ping',
      { results: results('host-ping', result('host-ping/ping 203.0.113.2', 'answered')) },
      /203\.0\.113\.2/,
    )
    leaks(
      'sockets',
      { results: results('sockets', result('sockets//run/dbus/system_bus_socket', 'connected')) },
      /dbus/,
    )
    leaks('spoof', { results: results('spoof', result('spoof/TCP', 'connected')) }, /10\.100\.100\.12/)
    leaks('spoof', { streams: [{ source: OTHER, target: `${targets.v4.spoof}:80` }] }, /10\.100\.100\.12/)
    leaks(
      'box-to-box',
      { boxArrivals: [{ protocol: 'UDP', from: BOX, token: tokenFor(targets, 'box-to-box') }] },
      /UDP from/,
    )
    leaks(
      'tor-stopped',
      { results: results('tor-stopped', result('tor-stopped/TCP', 'answered')) },
      /though tor was stopped/,
    )
    for (const id of ['host-tcp', 'host-udp', 'ipv6-link-local', 'host-loopback'] as const) {
      leaks(
        id,
        { hostArrivals: [{ protocol: 'TCP', from: BOX, token: tokenFor(targets, id) }] },
        /TCP from 10\.100\.100\.11/,
      )
    }
  })

  it('is none when it came from loopback in a box that has nothing else', () => {
    const alone = quiet.results.map((one) => (one.id === 'look' ? result('look', 'nothing', 'lo only') : one))
    const answering = [...alone.filter((one) => one.id !== 'icmp/x'), result('icmp/ping', 'answered')]
    assert.equal(rowOf('icmp', { kind: 'user', results: answering }).result, 'pass')
  })

  it('is a leak when something accepts that Tor has not seen', () => {
    leaks('tcp-address', { streams: [] }, /Tor has not seen it/)
    assert.equal(rowOf('tcp-address', { streams: null }).result, 'pass')
  })

  it('of an unknown service is a remark', () => {
    const row = rowOf('sockets', {
      results: results('sockets', result('sockets//run/mysqld/mysqld.sock', 'connected')),
    })
    assert.equal(row.result, 'pass')
    assert.match(row.evidence, /mysqld/)
  })
})

describe('an exit relay of this very machine', () => {
  const carried = { ...left(targets.v4['tcp-address'], 'tcp'), source: '203.0.113.99' }

  it('sends what Tor took: no leak, and its visits to services here are none either', () => {
    const exit = { sightings: { ...NOTHING, left: [carried] } }
    assert.equal(rowOf('tcp-address', exit).result, 'pass')
    const token = tokenFor(targets, 'host-tcp')
    const visit = { ...exit, hostArrivals: [{ protocol: 'TCP', from: '203.0.113.99', token }] as const }
    const own = results('host-tcp', result('host-tcp/TCP', 'answered'))
    assert.equal(rowOf('host-tcp', { ...visit, results: own }).result, 'pass')
    assert.equal(rowOf('host-tcp', { ...visit, streams: [] }).leak, true)
  })

  it('asks for names that Tor was asked for', () => {
    const names = { ...NOTHING, names: [{ ...left('127.0.0.1'), interface: 'lo', source: '127.0.0.1' }] }
    leaks('dns-a', { sightings: names }, /127/)
    const streams = [...(quiet.streams ?? []), { source: BOX, target: `${targets.name}:0` }]
    assert.equal(rowOf('dns-a', { sightings: names, streams }).result, 'pass')
  })

  it('excuses no packet that was forwarded from a box', () => {
    leaks('tcp-address', { sightings: { ...NOTHING, left: [carried], forwarded: [carried] } }, /203\.0\.113\.99/)
  })
})

it('a box that reaches nothing fails without leaking, and the answer says so', () => {
  const dead = results('dns-a', result('dns-a/A', 'nothing', 'no answer'))
  const rows = judge({ ...quiet, results: dead })
  const row = rows.find((one) => one.id === 'dns-a')
  assert.deepEqual([row?.result, row?.leak], ['fail', false])
  assert.deepEqual(answerOf(rows).severity, 'warning')
  const silent = results('tor-restarted', result('tor-restarted/again', 'nothing'))
  assert.deepEqual(rowOf('tor-restarted', { results: silent }).leak, false)
})

it('a test in which hardly anything could be asked does not say that nothing leaked', () => {
  const { severity, sentence } = answerOf(judge({ ...quiet, results: [], sightings: null, flow: null }))
  assert.deepEqual([severity, sentence], ['warning', 'The leak test could not be run.'])
})
