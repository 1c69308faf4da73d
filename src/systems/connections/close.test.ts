import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { checkRight, closedText, describePlan, planClose } from './close.ts'
import { socketOf, socketsOf } from './fixtures/sockets.ts'
import { groupSockets } from './groups.ts'
import type { Look } from './look.ts'
import type { Owner } from './owners.ts'
import { NO_SESSION, readSession } from './session.ts'
import type { Socket } from './socket.ts'

const OWNER: Owner = { pid: 77, process: 'sshd', unit: null }

function look(sockets: readonly Socket[]): Look {
  const groups = groupSockets(sockets, () => ({ process: OWNER.process, pid: OWNER.pid, unit: null, user: 'root' }))
  return {
    at: 0,
    reading: { source: 'netlink', sockets, unknown: [], notes: [] },
    unknown: [],
    groups,
    findings: [],
    unsure: false,
    owners: { owner: () => OWNER, unit: () => null, user: String, hidden: 0 },
    growthPerMinute: () => null,
    age: () => null,
  }
}

test('a plan lists every socket, and never listening or finished ones', () => {
  const others = ['LISTEN', 'TIME-WAIT', 'UNCONN'].map((state) =>
    socketOf({ state, localPort: 50_000, timer: state === 'TIME-WAIT' ? 3 : 0 }),
  )
  const plan = planClose(look([...socketsOf(3), ...others, socketOf({ state: 'CLOSE-WAIT' })]), NO_SESSION)
  const document = describePlan(plan)
  assert.deepEqual([document.dryRun, document.found, document.closed, document.plan], [true, 4, 0, plan.id])
  assert.deepEqual(document.sockets[0], {
    local: '192.0.2.10:40000',
    remote: '198.51.100.1:80',
    state: 'ESTABLISHED',
    process: 'sshd',
    pid: 77,
  })
})

test('the same sockets make the same plan, one more or another makes a different one', () => {
  const sockets = socketsOf(3)
  const id = (list: readonly Socket[]): string => planClose(look(list), NO_SESSION).id
  assert.equal(id(sockets), id(sockets.toReversed()))
  assert.notEqual(id(sockets), id([...sockets, socketOf()]))
  assert.notEqual(id(sockets), id(socketsOf(3)), 'same addresses, other connections')
})

test('without the right to it nothing is closed, and the error says what to do', (t) => {
  const proc = mkdtempSync(join(tmpdir(), 'noc-rights-'))
  t.after(() => rmSync(proc, { recursive: true }))
  mkdirSync(join(proc, 'self'))
  const status = (rights: string): void => writeFileSync(join(proc, 'self/status'), `Name:\tnoc\nCapEff:\t${rights}\n`)
  const refused = (error: unknown): boolean => error instanceof NocError && error.code === 'NOC_CONNECTIONS_CLOSE_ROOT'
  status('0000000000000000')
  assert.throws(() => checkRight(proc), refused)
  status('0000000000001000')
  checkRight(proc)
  assert.throws(() => checkRight(join(proc, 'nothing')), refused)
})

test('the record says who closed what, and how much of it', () => {
  const plan = planClose(look(socketsOf(3)), NO_SESSION)
  assert.equal(
    closedText('anna', plan, { ...describePlan(plan), closed: 3 }),
    'anna closed 3 connections: sshd -> 198.51.100.1 port 80',
  )
  assert.match(closedText('anna', plan, { ...describePlan(plan), closed: 1 }), /^anna closed 1 of 3 connections/)
})

/** Processes as files: 100 (us) <- 90 (sudo) <- 80 (shell) <- 77 (sshd) <- 1. */
function ancestry(t: TestContext, environ: Readonly<Record<number, string>> = {}): string {
  const proc = mkdtempSync(join(tmpdir(), 'noc-session-'))
  t.after(() => rmSync(proc, { recursive: true }))
  for (const [pid, parent] of [
    [100, 90],
    [90, 80],
    [80, 77],
    [77, 1],
  ]) {
    mkdirSync(join(proc, String(pid)))
    writeFileSync(join(proc, String(pid), 'status'), `Name:\tx\nPPid:\t${parent}\n`)
    writeFileSync(join(proc, String(pid), 'comm'), pid === 77 ? 'sshd-session\n' : 'bash\n')
    writeFileSync(join(proc, String(pid), 'environ'), environ[pid ?? 0] ?? 'A=1\0')
  }
  return proc
}

const SSH = '2001:DB8::7 50000 192.0.2.10 22'
const mine = socketOf({ local: '192.0.2.10', localPort: 22, remote: '2001:db8::7', remotePort: 50_000 })

test('the own ssh session is known from the environment', (t) => {
  const session = readSession({ SSH_CONNECTION: SSH }, ancestry(t), 100)
  assert.equal(session.holds(mine, null), true)
  assert.equal(session.holds({ ...mine, remotePort: 50_001 }, null), false)
})

test('sudo hides the session from us, but not from the processes above', (t) => {
  const session = readSession({}, ancestry(t, { 80: `LANG=C\0SSH_CONNECTION=${SSH}\0` }), 100)
  assert.equal(session.holds(mine, null), true)
})

test('what an sshd above us holds is ours; what another program above us holds is not', (t) => {
  const session = readSession({}, ancestry(t), 100)
  assert.deepEqual(
    [77, 80, 76, null].map((pid) => session.holds(mine, pid)),
    [true, false, false, false],
  )
})

test('an environment that makes no sense, and a procfs that is not there, hold nothing', () => {
  const session = readSession({ SSH_CONNECTION: 'a b c' }, '/nonexistent', 100)
  assert.equal(session.holds(mine, 77), false)
})
