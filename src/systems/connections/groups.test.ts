import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANY, type Filter, matches, parseEndpoint, parseKeys, parseRemote, parseState } from './filter.ts'
import { socketOf, socketsOf } from './fixtures/sockets.ts'
import { type Facts, KEYS, describeGroup, groupSockets, regroup } from './groups.ts'
import type { Socket } from './socket.ts'

const apache: Facts = { process: 'apache2', pid: 7, unit: 'apache2.service', user: 'www-data' }
const group = (sockets: readonly Socket[], facts: Partial<Facts> = {}): ReturnType<typeof groupSockets> =>
  groupSockets(sockets, () => ({ ...apache, ...facts }))
const NO_HISTORY = { growthPerMinute: null, age: () => null, name: null }
const listener = (over: Partial<Socket> = {}): Socket =>
  socketOf({ state: 'LISTEN', local: '0.0.0.0', localPort: 443, remote: '0.0.0.0', remotePort: 0, ...over })

test('connections to one remote by one program are one group, the biggest first', () => {
  const groups = group([socketOf({ remotePort: 81 }), ...socketsOf(3), socketOf({ state: 'CLOSE-WAIT' })])
  assert.deepEqual(
    groups.map((g) => [g.direction, g.host, g.port, g.state, g.members.length]),
    [
      ['out', '198.51.100.1', 80, 'ESTABLISHED', 3],
      ['out', '198.51.100.1', 81, 'ESTABLISHED', 1],
      ['out', '198.51.100.1', 80, 'CLOSE-WAIT', 1],
    ],
  )
})

test('what came in is grouped by our port and the remote host, whatever port the client has', () => {
  const came = [1, 2, 3].map((n) => socketOf({ localPort: 443, remote: '203.0.113.9', remotePort: 50_000 + n }))
  const [only, ...rest] = group([listener(), ...came])
  assert.deepEqual([only?.direction, only?.port, only?.members.length, rest], ['in', 443, 3, []])
  const [shown] = group([listener(), ...came]).map((g) => describeGroup(g, NO_HISTORY))
  assert.deepEqual([shown?.remote, shown?.localPort], [{ ip: '203.0.113.9', port: null, name: null }, 443])
})

test('a listener counts for its own address and protocol only; both ends on this machine differ', () => {
  const server = listener({ local: '127.0.0.1', localPort: 8080 })
  const accepted = socketOf({ local: '127.0.0.1', localPort: 8080, remote: '127.0.0.1', remotePort: 50_000 })
  const made = socketOf({ local: '127.0.0.1', localPort: 50_000, remote: '127.0.0.1', remotePort: 8080 })
  const elsewhere = socketOf({ local: '192.0.2.10', localPort: 8080, remotePort: 443 })
  const udp = socketOf({ protocol: 'udp', local: '127.0.0.1', localPort: 8080, remotePort: 53 })
  const directions = new Map(
    group([server, accepted, made, elsewhere, udp]).flatMap((g) => g.members.map((m) => [m, g.direction])),
  )
  assert.deepEqual(
    [accepted, made, elsewhere, udp].map((s) => directions.get(s)),
    ['in', 'out', 'out', 'out'],
  )
})

test('without its listener a connection from a high port to a low one still came in', () => {
  assert.equal(group([socketOf({ localPort: 22, remotePort: 50_000 })])[0]?.direction, 'in')
  assert.equal(group([socketOf({ localPort: 1000, remotePort: 514 })])[0]?.direction, 'out')
})

test('what is not accepted yet belongs to the program that listens', () => {
  const waiting = socketOf({ localPort: 443, remotePort: 50_000, inode: 0 })
  const closing = socketOf({ localPort: 443, remotePort: 50_001, inode: 0, state: 'FIN-WAIT-1' })
  const asked: (Socket | null)[] = []
  const server = listener()
  groupSockets([server, waiting, closing], (_, held) => {
    asked.push(held)
    return apache
  })
  assert.deepEqual(asked, [server, null])
})

test('fewer keys merge groups and keep what their members share', () => {
  const groups = [
    ...group(socketsOf(2, { remote: '198.51.100.1' })),
    ...group(socketsOf(3, { remote: '198.51.100.2' })),
  ]
  const [merged, ...rest] = regroup(groups, ['process'])
  assert.deepEqual(
    [merged?.members.length, merged?.host, merged?.port, merged?.unit, rest],
    [5, null, 80, 'apache2.service', []],
  )
  assert.deepEqual(regroup(groups, KEYS), groups)
  assert.equal(describeGroup(merged ?? assert.fail(), NO_HISTORY).remote.ip, '*')
})

test('a group shows medians, sums, and null where one member does not tell', () => {
  const members = [10, 20, 30, 1000].map((idle) => socketOf({ lastSent: idle, lastReceived: idle + 5, sendQueue: 1 }))
  const [shown] = group(members).map((g) => describeGroup(g, { ...NO_HISTORY, age: (s) => s.lastReceived }))
  assert.deepEqual(
    [shown?.idleMedianMs, shown?.idleMaxMs, shown?.ageMaxMs, shown?.bytesReceived, shown?.sendQueue],
    [20, 1000, 1005, 20_000, 4],
  )
  const [blind] = group([...members, socketOf({ lastSent: null, bytesReceived: null })]).map((g) =>
    describeGroup(g, NO_HISTORY),
  )
  assert.deepEqual([blind?.bytesReceived, blind?.idleMaxMs, blind?.ageMaxMs], [null, 1000, null])
})

test('keep-alive is off when one connection has none, unknown while other timers hide it', () => {
  const alive = (...timers: number[]): boolean | null | undefined =>
    group(timers.map((timer) => socketOf({ timer }))).map((g) => describeGroup(g, NO_HISTORY))[0]?.keepAlive
  assert.deepEqual([alive(2, 2), alive(2, 0), alive(2, 1), alive(1, 4)], [true, false, true, null])
})

test('times of half-open connections mean nothing and are not shown', () => {
  const [shown] = group([socketOf({ state: 'SYN-SENT', lastSent: 999, lastReceived: 999 })]).map((g) =>
    describeGroup(g, NO_HISTORY),
  )
  assert.equal(shown?.idleMedianMs, null)
})

test('endpoints are understood as people write them', () => {
  const cases = {
    '192.0.2.1:80': ['192.0.2.1', 80],
    '192.0.2.1': ['192.0.2.1', null],
    '[2001:DB8::1]:443': ['2001:db8::1', 443],
    '[2001:db8::1]': ['2001:db8::1', null],
    '2001:db8::1': ['2001:db8::1', null],
    '[::ffff:192.0.2.1]:80': ['192.0.2.1', 80],
    'crl.example.org:80': ['crl.example.org', 80],
  }
  for (const [text, [host, port]] of Object.entries(cases)) assert.deepEqual(parseEndpoint(text), { host, port }, text)
  for (const text of ['', ':80', 'a:0', 'a:65536', 'a b:1', '[::1', '[x]:1', '1:2:3', 'a:80:90', '[192.0.2.1]:80']) {
    assert.equal(parseEndpoint(text), null, text)
  }
})

test('a remote must be an address: a name would have to be looked up', () => {
  assert.throws(() => parseRemote('crl.example.org:80'), /is not an address/)
  assert.throws(() => parseKeys('remote,colour'), /does not know "colour"/)
  assert.deepEqual(parseKeys(' remote , state'), ['host', 'port', 'state'])
  assert.deepEqual(['estab', 'close_wait', 'SYN-SENT'].map(parseState), ['ESTABLISHED', 'CLOSE-WAIT', 'SYN-SENT'])
})

test('a filter means what it says, and the port of a remote is never ours', () => {
  const [out] = group([socketOf()])
  const [came] = group([listener(), socketOf({ localPort: 443, remotePort: 80 })])
  const fits = (filter: Partial<Filter>): boolean[] =>
    [out, came].map((g) => matches(g ?? assert.fail(), { ...ANY, ...filter }))
  assert.deepEqual(fits({}), [true, true])
  assert.deepEqual(fits({ remote: { host: '198.51.100.1', port: null } }), [true, true])
  assert.deepEqual(fits({ remote: { host: '198.51.100.1', port: 80 } }), [true, false])
  assert.deepEqual(fits({ remote: { host: '198.51.100.2', port: null } }), [false, false])
  const [web] = group([socketOf({ localPort: 80, remotePort: 50_000 })])
  assert.equal(matches(web ?? assert.fail(), { ...ANY, remote: { host: '198.51.100.1', port: 80 } }), false)
  assert.deepEqual(fits({ port: 443 }), [false, true])
  assert.deepEqual(fits({ process: 'apache2', state: 'ESTABLISHED' }), [true, true])
  assert.deepEqual(fits({ process: 'apache' }), [false, false])
})
