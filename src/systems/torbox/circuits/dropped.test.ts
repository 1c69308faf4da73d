import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { counterName } from '../rules.ts'
import { parseGuard } from './dropped.ts'
import { recentAttempts } from './recent.ts'

const counter = (reason: string, packets: number): unknown => ({
  counter: { family: 'inet', name: counterName(reason), table: 'noc_torbox', packets, bytes: 60 * packets },
})
const set = (name: string, elements: readonly (readonly [concat: readonly unknown[], packets: number])[]): unknown => ({
  set: {
    name,
    elem: elements.map(([concat, packets]) => ({
      elem: { val: { concat }, expires: 3599, counter: { packets, bytes: 1 } },
    })),
  },
})
const json = (...entries: readonly unknown[]): string => JSON.stringify({ nftables: [{ metainfo: {} }, ...entries] })

describe('what the guard dropped', () => {
  it('is told by box and target, and by reason over both tables', () => {
    const look = parseGuard(
      json(
        counter('udp', 30),
        counter('ipv6', 1),
        counter('host', 0),
        set('tried', [
          [['10.100.100.11', 'udp', '198.51.100.1', 443], 12],
          [['10.100.100.12', 'tcp', '10.100.100.1', 22], 3],
        ]),
        set('tried_plain', [[['10.100.100.11', 'icmp', '203.0.113.5'], 2]]),
        set('another', [[['10.100.100.11', 'udp', '198.51.100.1', 443], 9]]),
      ),
      json(counter('ipv6', 4), counter('spoofed', 2)),
    )
    assert.deepEqual(
      look.reasons.map(({ reason, packets }) => [reason, packets]),
      [
        ['udp', 30],
        ['ipv6', 5],
        ['spoofed', 2],
      ],
    )
    assert.deepEqual(look.attempts, [
      { source: '10.100.100.11', protocol: 'udp', target: '198.51.100.1', port: 443, packets: 12 },
      { source: '10.100.100.12', protocol: 'tcp', target: '10.100.100.1', port: 22, packets: 3 },
      { source: '10.100.100.11', protocol: 'icmp', target: '203.0.113.5', port: null, packets: 2 },
    ])
  })

  it('is nothing in an answer of another form', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(parseGuard(text), { reasons: [], attempts: [] })))
  })
})

describe('what a box tries right now', () => {
  const attempt = (packets: number, box = 'web'): Parameters<ReturnType<typeof recentAttempts>['note']>[1][number] => ({
    box,
    source: '10.100.100.11',
    target: '198.51.100.1',
    name: null,
    protocol: 'udp',
    port: 5353,
    packets,
  })
  const MINUTE = 60_000

  it('is not what the counters remember from before', () => {
    const recent = recentAttempts()
    assert.deepEqual(recent.note(0, [attempt(500)]), [])
    assert.deepEqual(recent.note(MINUTE, [attempt(500)]), [])
    const going = recent.note(2 * MINUTE, [attempt(503), attempt(2, 'mail')])
    assert.deepEqual(
      going.map(({ box, packets }) => [box, packets]),
      [
        ['web', 3],
        ['mail', 2],
      ],
    )
  })

  it('ends ten minutes after the last packet', () => {
    const recent = recentAttempts()
    recent.note(0, [])
    assert.equal(recent.note(MINUTE, [attempt(1)]).length, 1)
    assert.equal(recent.note(11 * MINUTE, [attempt(1)]).length, 1)
    assert.equal(recent.note(12 * MINUTE, [attempt(1)]).length, 0)
  })

  it('counts on when the counters begin anew', () => {
    const recent = recentAttempts()
    recent.note(0, [attempt(500)])
    assert.deepEqual(
      recent.note(MINUTE, [attempt(4)]).map(({ packets }) => packets),
      [4],
    )
  })
})
