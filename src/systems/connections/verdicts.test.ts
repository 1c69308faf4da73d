import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socketOf, socketsOf } from './fixtures/sockets.ts'
import { type Facts, groupSockets } from './groups.ts'
import type { Socket } from './socket.ts'
import { type Finding, type Limits, type Memory, judge, ruleViews, silentCrowds } from './verdicts.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
// 14:43 local time on a day of no importance.
const AT = new Date(2026, 10, 22, 14, 43).getTime()
const LIMITS: Limits = { warning: 10, critical: 100, silent_after: 60, limits: [] }
const MEMORY: Memory = { at: AT, growthPerMinute: () => null, age: () => null, silentBefore: null, since: () => null }
const APACHE: Facts = { process: 'apache2', pid: 7, unit: 'apache2.service', user: 'www-data' }

interface Scene {
  readonly limits?: Partial<Limits>
  readonly memory?: Partial<Memory>
  readonly facts?: Partial<Facts>
}

function findings(sockets: readonly Socket[], { limits, memory, facts }: Scene = {}): Finding[] {
  const groups = groupSockets(sockets, (socket, listener) => ({
    ...APACHE,
    ...facts,
    pid: (listener ?? socket).inode === 0 ? null : (listener ?? socket).inode,
  }))
  return judge(ruleViews(groups), { ...LIMITS, ...limits }, { ...MEMORY, ...memory })
}
const kinds = (sockets: readonly Socket[], scene?: Scene): string[] => findings(sockets, scene).map((f) => f.kind)
const verdict = (sockets: readonly Socket[], scene?: Scene): Finding['verdict'] => {
  const [only, ...rest] = findings(sockets, scene)
  assert.ok(only, 'nothing was found')
  assert.deepEqual(
    rest.map((f) => f.verdict.summary),
    [],
  )
  return only.verdict
}

/** Sent a request `ms` ago and got nothing since the connect. */
const hanging = (ms: number, over: Partial<Socket> = {}): Partial<Socket> => ({
  remote: '2001:db8:ba::100',
  family: 6,
  lastSent: ms,
  lastReceived: ms,
  lastHeard: ms,
  bytesSent: 42,
  bytesReceived: 0,
  ...over,
})
const LISTENER = socketOf({ state: 'LISTEN', local: '0.0.0.0', localPort: 443, remotePort: 0, lastSent: null })
const came = (over: Partial<Socket> = {}): Partial<Socket> => ({
  localPort: 443,
  remote: '203.0.113.9',
  remotePort: 50_000,
  ...over,
})

test('the story: a remote accepts and never answers, workers pile up', () => {
  // One every 20/3 seconds for the last 12 minutes.
  const sockets = Array.from({ length: 111 }, (_, n) => socketOf(hanging((n + 1) * 6667, { localPort: 40_000 + n })))
  assert.deepEqual(verdict(sockets), {
    key: 'hang:apache2:[2001:db8:ba::100]:80',
    severity: 'critical',
    summary:
      '111 ESTABLISHED apache2 -> 2001:db8:ba::100 port 80, 0 bytes received, idle median 6 min, no keep-alive, +9/min since 14:30',
    evidence:
      'apache2 sent 4.6 KiB in all and never got a byte back. Held by 111 processes, apache2.service, user www-data.',
    fix: 'Ask the remote whether it still hangs, close these, and give apache2 a time limit for whole requests (curl: --max-time, libcurl: CURLOPT_TIMEOUT).',
    commands: [
      "noc connections probe '[2001:db8:ba::100]:80'",
      "noc connections close --remote '[2001:db8:ba::100]:80' --process apache2",
    ],
  })
})

test('since when: the earlier of what the alert remembers and what the connections imply', () => {
  const sockets = socketsOf(10, hanging(41 * MINUTE))
  assert.match(verdict(sockets).summary, /^10 ESTABLISHED .*, idle median 41 min, no keep-alive, since 14:02$/)
  const earlier = { since: (key: string) => (key.startsWith('hang:apache2:') ? AT - 60 * MINUTE : null) }
  assert.match(verdict(sockets, { memory: earlier }).summary, /since 13:43$/)
})

test('few, or not yet long without an answer, is no finding', () => {
  assert.deepEqual(kinds(socketsOf(9, hanging(MINUTE))), [])
  assert.deepEqual(kinds(socketsOf(99, hanging(59 * SECOND))), [])
  assert.deepEqual(kinds(socketsOf(10, hanging(MINUTE))), ['hang'])
})

test('a crowd of which none got an answer between two looks hangs within seconds', () => {
  const sockets = socketsOf(111, hanging(5 * SECOND))
  const before = silentCrowds(ruleViews(groupSockets(sockets, () => APACHE)), LIMITS)
  assert.equal(before.size, 1)
  assert.deepEqual(kinds(sockets, { memory: { silentBefore: before } }), ['hang'])
  assert.deepEqual(kinds(sockets), [], 'one look is not enough')
  assert.deepEqual(kinds(socketsOf(111, hanging(2 * SECOND)), { memory: { silentBefore: before } }), [], 'too fresh')
})

test('a crowd of long polls is no finding: some of them always get an answer', () => {
  const sockets = socketsOf(500, hanging(20 * SECOND))
  const before = silentCrowds(ruleViews(groupSockets(sockets, () => APACHE)), LIMITS)
  const later = [...sockets.slice(1), socketOf(hanging(SECOND))]
  assert.deepEqual(kinds(later, { memory: { silentBefore: before } }), [])
})

test('idle alone is no fault: pools, ssh, databases, long answers', () => {
  const answered = { lastSent: 3 * 3600 * SECOND, lastReceived: 3 * 3600 * SECOND - 40 }
  assert.deepEqual(kinds(socketsOf(200, answered)), [], 'keep-alive pool or database: the remote spoke last')
  const sshd = { process: 'sshd' }
  assert.deepEqual(kinds([LISTENER, ...socketsOf(80, came({ ...answered, bytesReceived: 9000 }))], { facts: sshd }), [])
  assert.deepEqual(kinds(socketsOf(50, { lastSent: 10, lastReceived: 90 * MINUTE, bytesReceived: 100 })), [], 'upload')
  assert.deepEqual(kinds(socketsOf(15, hanging(9 * MINUTE, { bytesSent: 0 }))), [], 'a pool opened in advance')
  assert.deepEqual(kinds(socketsOf(20, hanging(9 * MINUTE, { bytesSent: 0 }))), ['hang'], 'too many for that')
})

test('a remote that answered once and no more is found later', () => {
  const stalled = (sent: number): Partial<Socket> => ({ lastSent: sent, lastReceived: sent + 200, bytesReceived: 4000 })
  assert.deepEqual(kinds(socketsOf(20, stalled(4 * MINUTE))), [])
  const { summary, key } = verdict(socketsOf(20, stalled(6 * MINUTE)))
  assert.match(
    summary,
    /^20 ESTABLISHED apache2 -> 198\.51\.100\.1 port 80, last request unanswered, idle median 6 min/,
  )
  assert.equal(key, 'unanswered:apache2:198.51.100.1:80')
})

test('connects that nobody answers are found after some retries', () => {
  const connecting = (retransmits: number): Partial<Socket> => ({
    state: 'SYN-SENT',
    timer: 1,
    retransmits,
    sendQueue: 1,
  })
  assert.deepEqual(kinds(socketsOf(50, connecting(1))), [], 'just started')
  const { summary, commands } = verdict(socketsOf(5, connecting(3)))
  assert.equal(summary, '5 SYN-SENT apache2 -> 198.51.100.1 port 80, no reply to the connect after 3 retries')
  assert.deepEqual(commands[1], 'noc connections close --remote 198.51.100.1:80 --process apache2 --state syn-sent')
})

test('a program that never closes what the remote closed is found, pooled leftovers are not', () => {
  const closed = (heard: number | null, over: Partial<Socket> = {}): Partial<Socket> => ({
    state: 'CLOSE-WAIT',
    lastHeard: heard,
    lastSent: 3600 * SECOND,
    lastReceived: 3600 * SECOND,
    ...over,
  })
  assert.deepEqual(kinds(socketsOf(100, closed(20 * SECOND))), [], 'closed just now')
  assert.deepEqual(kinds(socketsOf(19, closed(20 * MINUTE))), [], 'a pool that looks only when it needs one')
  const { summary, commands } = verdict(socketsOf(20, closed(20 * MINUTE)))
  assert.match(summary, /^20 CLOSE-WAIT apache2 -> 198\.51\.100\.1 port 80, closed by the remote, not by apache2/)
  assert.equal(commands[0], 'systemctl restart apache2.service')
  const clients = Array.from({ length: 30 }, (_, n) =>
    socketOf(came({ ...closed(20 * MINUTE), remote: `203.0.113.${n}` })),
  )
  const incoming = verdict([LISTENER, ...clients])
  assert.match(incoming.summary, /^30 CLOSE-WAIT apache2 port 443, /)
  assert.deepEqual(incoming.commands, ['systemctl restart apache2.service'], 'many remotes: no close command')
  const blind = closed(null, { lastSent: null, lastReceived: null })
  assert.deepEqual(kinds(socketsOf(20, blind)), [])
  assert.deepEqual(
    kinds(socketsOf(20, blind), { memory: { age: () => 6 * MINUTE } }),
    ['close-wait'],
    'procfs: first seen',
  )
})

test('our own program that does not accept, or does not read, is found whoever the clients are', () => {
  const clients = (over: Partial<Socket>): Socket[] =>
    Array.from({ length: 30 }, (_, n) =>
      socketOf(
        came({
          remote: `203.0.113.${n}`,
          receiveQueue: 1024,
          lastReceived: 40 * SECOND,
          lastSent: 40 * SECOND,
          ...over,
        }),
      ),
    )
  const waiting = verdict([LISTENER, ...clients({ inode: 0 })])
  assert.equal(waiting.summary, '30 connections apache2 port 443, not accepted, idle median 40 s, no keep-alive')
  const unread = verdict([LISTENER, ...clients({})])
  assert.match(unread.summary, /^30 ESTABLISHED apache2 port 443, 30 KiB unread/)
  assert.deepEqual(
    kinds([LISTENER, ...clients({ lastReceived: 5 * SECOND, lastSent: 5 * SECOND })]),
    [],
    'busy, not stuck',
  )
})

test('a remote that takes nothing more is found', () => {
  const full = (over: Partial<Socket>): Partial<Socket> =>
    came({ sendQueue: 100_000, lastReceived: 2 * MINUTE, ...over })
  assert.match(
    verdict([LISTENER, ...socketsOf(10, full({ timer: 4 }))].flat()).summary,
    /977 KiB not taken by the remote/,
  )
  assert.match(verdict([LISTENER, ...socketsOf(10, full({ timer: 1, retransmits: 6 }))]).summary, /not acknowledged/)
  assert.deepEqual(kinds([LISTENER, ...socketsOf(10, full({ timer: 1, retransmits: 1 }))]), [])
})

test('one host with many connections that say nothing is found; many hosts with one each are not', () => {
  const silent = came({ bytesReceived: 0, lastSent: 8 * MINUTE, lastReceived: 8 * MINUTE })
  assert.match(
    verdict([LISTENER, ...socketsOf(60, silent)]).summary,
    /^60 ESTABLISHED apache2 port 443 <- 203\.0\.113\.9, 0 bytes received, idle median 8 min, no keep-alive/,
  )
  const many = Array.from({ length: 60 }, (_, n) => socketOf({ ...silent, remote: `203.0.113.${n}` }))
  assert.deepEqual(kinds([LISTENER, ...many]), [])
})

test('idle connections are a leak only when they are many and become more', () => {
  const idle = { lastSent: 20 * MINUTE, lastReceived: 20 * MINUTE - 50 }
  assert.deepEqual(kinds(socketsOf(100, idle), { memory: { growthPerMinute: () => 0 } }), [])
  assert.deepEqual(kinds(socketsOf(99, idle), { memory: { growthPerMinute: () => 5 } }), [])
  assert.match(
    verdict(socketsOf(100, idle), { memory: { growthPerMinute: () => 5 } }).summary,
    /^100 ESTABLISHED .* all idle and still growing, .* \+5\/min$/,
  )
})

test('the configuration changes limits for a program or a remote, or silences it', () => {
  const sockets = socketsOf(50, hanging(9 * MINUTE))
  const judged = (limits: Limits['limits']): string[] =>
    findings(sockets, { limits: { limits } }).map((f) => f.verdict.severity)
  assert.deepEqual(judged([]), ['warning'])
  assert.deepEqual(judged([{ process: 'apache2', critical: 50 }]), ['critical'])
  assert.deepEqual(judged([{ process: 'apache2', warning: 50 }]), ['warning'], 'the critical number rises with it')
  assert.deepEqual(judged([{ remote: '[2001:db8:ba::100]:80', warning: 51 }]), [])
  assert.deepEqual(judged([{ remote: '2001:db8:ba::100', process: 'nginx', ignore: true }]), ['warning'])
  assert.deepEqual(judged([{ remote: '2001:db8:ba::100', ignore: true }, { critical: 1 }]), [])
  assert.deepEqual(kinds(sockets, { limits: { silent_after: 600 } }), [])
})

test('keep-alive is told as it is', () => {
  assert.match(verdict(socketsOf(10, hanging(9 * MINUTE, { timer: 2 }))).summary, /, keep-alive on, /)
  assert.doesNotMatch(verdict(socketsOf(10, hanging(9 * MINUTE, { timer: 1 }))).summary, /keep-alive/)
})

test('a program that is not visible, or has a dangerous name, is told and its commands stay harmless', () => {
  const unseen = verdict(socketsOf(10, hanging(9 * MINUTE)), { facts: { process: null, unit: null } })
  assert.match(unseen.summary, /^10 ESTABLISHED a process of www-data -> /)
  assert.match(unseen.evidence, /^A process of www-data sent /)
  assert.equal(unseen.commands[1], "noc connections close --remote '[2001:db8:ba::100]:80'")
  const evil = (process: string): string =>
    verdict(socketsOf(10, hanging(9 * MINUTE)), { facts: { process } }).commands[1]?.split(' --process')[1] ?? ''
  assert.equal(evil('a b'), " 'a b'")
  assert.equal(evil("'; rm -rf /"), ` ''\\''; rm -rf /'`)
  assert.equal(evil('\u001b]0;x\u0007'), String.raw` $'\x1b]0;x\x07'`)
  assert.equal(evil('-n'), '=-n')
})

test('the worst comes first', () => {
  const sockets = [...socketsOf(20, hanging(9 * MINUTE, { remotePort: 81 })), ...socketsOf(150, hanging(9 * MINUTE))]
  assert.deepEqual(
    findings(sockets).map((f) => [f.verdict.severity, f.stuck.length]),
    [
      ['critical', 150],
      ['warning', 20],
    ],
  )
})

test('UDP has no such troubles', () => {
  assert.deepEqual(kinds(socketsOf(200, hanging(9 * MINUTE, { protocol: 'udp' }))), [])
})
