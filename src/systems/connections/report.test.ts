import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from '#core/plain.ts'
import { socketOf, socketsOf } from './fixtures/sockets.ts'
import { type Facts, describeGroup, groupSockets } from './groups.ts'
import { type Report, findingLines, footLine, groupLines } from './report.ts'
import { findingName } from './series.ts'
import type { Socket } from './socket.ts'
import { judge, ruleViews } from './verdicts.ts'
import { connectionsView } from './view.ts'
import { growthText } from './words.ts'

const AT = 1_795_000_000_000
const HANGING = { lastSent: 600_000, lastReceived: 600_000, bytesReceived: 0 }
const pipe = { terminal: false, columns: Infinity, ink: (_: string, text: string) => plain(text) }

function report(sockets: readonly Socket[], facts: Partial<Facts> = {}): Report {
  const groups = groupSockets(sockets, () => ({ process: 'curl', pid: 1, unit: null, user: 'root', ...facts }))
  const findings = judge(
    ruleViews(groups),
    { warning: 10, critical: 100, silent_after: 60, limits: [] },
    { at: AT, growthPerMinute: () => null, age: () => null, silentBefore: null, since: () => null },
  )
  const shown = groups.map((group) => describeGroup(group, { growthPerMinute: -0.44, age: () => null, name: null }))
  const snapshot = {
    at: AT,
    source: 'netlink' as const,
    unknown: [],
    sockets: sockets.length,
    states: {},
    groups: shown,
    hiddenGroups: 0,
    verdicts: findings.map((finding) => finding.verdict),
  }
  return { snapshot, groups, findings }
}

test('the answer comes first, in one line that grep finds whole', () => {
  const [line, ...rest] = findingLines(report(socketsOf(12, HANGING)), pipe)
  assert.match(
    line ?? '',
    /^WARNING 12 ESTABLISHED curl -> 198\.51\.100\.1 port 80, 0 bytes received, idle median 10 min/,
  )
  assert.deepEqual(rest.slice(-2), [
    '  $ noc connections probe 198.51.100.1:80',
    '  $ noc connections close --remote 198.51.100.1:80 --process curl',
  ])
})

test('in a terminal nothing is wider than the terminal', () => {
  const options = { ...pipe, terminal: true, columns: 60 }
  const lines = findingLines(report(socketsOf(12, HANGING)), options).filter((line) => !line.startsWith('  $'))
  assert.ok(lines.length > 4)
  assert.deepEqual(
    lines.filter((line) => line.length > 60),
    [],
  )
})

test('quiet is said plainly, with what there is', () => {
  assert.deepEqual(findingLines(report(socketsOf(3)), pipe), [
    'No connection is stuck. 3 are open; the largest group is curl -> 198.51.100.1 port 80 with 3.',
  ])
  const over = socketsOf(9, { state: 'TIME-WAIT' })
  assert.match(findingLines(report([...over, socketOf()]), pipe)[0] ?? '', / One is open: curl -> /)
  assert.deepEqual(findingLines(report(over), pipe), ['No connection is open. This machine talks to nobody.'])
})

test('a name with escape sequences reaches the terminal harmless and the document raw', () => {
  const evil = '\u001b[2J<script>\u202e'
  const made = report(socketsOf(12, HANGING), { process: evil, unit: `${evil}.service`, user: evil })
  const printed = [...findingLines(made, pipe), ...groupLines(made, pipe), footLine(made)].join('\n')
  assert.ok(!/[\u001b\u202e]/.test(printed.replace(/\n/g, '')), printed)
  assert.equal(made.snapshot.groups[0]?.process, evil)
})

test('the table shows both directions and only columns that say something', () => {
  const server = socketOf({ state: 'LISTEN', local: '::', localPort: 443, remotePort: 0 })
  const client = socketOf({ localPort: 443, remote: '2001:db8::7', remotePort: 50_000 })
  const lines = groupLines(report([server, client, socketOf({ sendQueue: 2048 })]), pipe)
  assert.match(
    lines[0] ?? '',
    /^COUNT +STATE +PROCESS +REMOTE +IDLE +LONGEST +KEEPALIVE +GROWTH +RECEIVED +SENT +QUEUED +USER$/,
  )
  assert.match(lines[1] ?? '', / <- 2001:db8::7 to port 443 /)
  assert.match(lines[2] ?? '', / -> 198\.51\.100\.1:80 .* -0\.4\/min .* 2 KiB /)
})

test('the page gets an answer that says what it means, and counts each stuck connection once', () => {
  const { snapshot, groups, findings } = report([
    ...socketsOf(12, HANGING),
    ...socketsOf(30, { ...HANGING, remotePort: 81 }),
  ])
  const view = connectionsView(snapshot, groups, [...findings, ...findings])
  assert.equal(view.stuck, 42)
  assert.equal(view.answer.severity, 'warning')
  assert.equal(view.answer.sentence, 'curl waits for 198.51.100.1, which accepts and never answers.')
  assert.match(view.answer.paragraph, /^30 connections are stuck, since .* Three more things are stuck, below\.$/)
  const quiet = connectionsView({ ...snapshot, unknown: ['idle times'] }, groups, [])
  assert.deepEqual([quiet.answer.severity, quiet.answer.sentence], ['ok', 'No connection is seen to be stuck.'])
  assert.match(quiet.answer.paragraph, /Not known here: idle times\.$/)
})

test('series of findings have names that the store takes and that differ', () => {
  const key = `hang:${'ä'.repeat(200)}:[2001:db8::1]:80`
  for (const name of [findingName(key), findingName('hang:apache2:[2001:db8::1]:80')]) {
    assert.match(name, /^[a-z0-9_-]+\.[a-z0-9._-]+$/i)
    assert.ok(name.length <= 120)
  }
  assert.notEqual(findingName('hang:a b:1'), findingName('hang:a_b:1'))
})

test('growth is told with its sign, small growth too', () => {
  assert.deepEqual([9, 0.4, -12.6, 1234].map(growthText), ['+9/min', '+0.4/min', '-13/min', '+1,234/min'])
})
