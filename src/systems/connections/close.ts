import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { NocError, exitCode } from '#core/errors.ts'
import { pathText } from './words.ts'
import type { Look } from './look.ts'
import { MACHINE } from './owners.ts'
import type { Session } from './session.ts'
import { type Socket, endpoint, identity } from './socket.ts'
import { openNetlink } from './sources/netlink.ts'
import { readSockets } from './sources/read.ts'
import { killBySs } from './sources/ss.ts'
import type { CloseResult, SourceName } from './wire.ts'

/** A socket that would be closed, with what is shown of it. */
export interface PlannedSocket {
  readonly socket: Socket
  readonly process: string | null
  readonly pid: number | null
  /** It carries the operator's own ssh session. */
  readonly session: boolean
}

/** What would be closed: these sockets and no others. */
export interface ClosePlan {
  /** Names exactly these sockets. */
  readonly id: string
  readonly source: SourceName
  readonly sockets: readonly PlannedSocket[]
  /** `apache2 -> 192.0.2.1 port 80`, for the record. */
  readonly what: string
}

/** The kernel's timer of what is over but for a last wait, whatever state it is shown in; nobody holds it. */
const TIMEWAIT_TIMER = 3
/** How often and how long apart (ms) we look whether the closed ones are gone. */
const CHECKS = 3
const CHECK_MS = 100
/** Sockets that are closed between two turns of the event loop. */
const A_TURN = 256

function closable(socket: Socket): boolean {
  return socket.timer !== TIMEWAIT_TIMER
}

/** The bit of CAP_NET_ADMIN, which closing needs, in /proc/self/status (capabilities(7)). */
const CAP_NET_ADMIN = 1n << 12n

/** Closing sockets is for root, or a daemon that was given the right; says so. */
export function checkRight(proc: string): void {
  const rights = /^CapEff:\s*([\da-f]+)/m.exec(statusOf(proc))?.[1]
  if (rights !== undefined && (BigInt(`0x${rights}`) & CAP_NET_ADMIN) !== 0n) return
  throw new NocError('NOC_CONNECTIONS_CLOSE_ROOT', 'Closing connections needs root.', {
    hint: 'Run the same line with sudo.',
  })
}

function statusOf(proc: string): string {
  try {
    return readFileSync(join(proc, 'self/status'), 'utf8')
  } catch {
    return ''
  }
}

/** Closing needs a remote: without one it would mean everything. */
export function remoteMissing(): NocError {
  return new NocError(
    'NOC_CONNECTIONS_CLOSE_REMOTE',
    'Which connections? Closing needs --remote ADDRESS or ADDRESS:PORT.',
    {
      hint: '`noc connections` shows the remotes.',
      exit: exitCode.usage,
    },
  )
}

/** What of a look would be closed. */
export function planClose(look: Look, session: Session): ClosePlan {
  const groups = look.groups.filter((group) => group.members.some(closable))
  const sockets = groups
    .flatMap((group) => group.members)
    .filter(closable)
    .map((socket) => {
      const owner = look.owners.owner(socket)
      const pid = owner?.pid ?? null
      return { socket, process: owner?.process ?? null, pid, session: session.holds(socket, pid) }
    })
  const ids = sockets.map(({ socket }) => String(identity(socket))).toSorted((a, b) => (a < b ? -1 : 1))
  const id = createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32)
  return { id, source: look.reading.source, sockets, what: [...new Set(groups.map(pathText))].slice(0, 3).join(', ') }
}

/** The plan as a document; nothing was done. */
export function describePlan(plan: ClosePlan): CloseResult {
  return {
    dryRun: true,
    found: plan.sockets.length,
    closed: 0,
    failed: [],
    sockets: plan.sockets.map(({ socket, process, pid }) => ({
      local: endpoint(socket.local, socket.localPort),
      remote: endpoint(socket.remote, socket.remotePort),
      state: socket.state,
      process,
      pid,
    })),
    plan: plan.id,
  }
}

/** Closes exactly the sockets of the plan, and looks again to see that they are gone. */
export async function carryOut(plan: ClosePlan, signal?: AbortSignal): Promise<CloseResult> {
  const reasons = await abortSockets(plan, signal)
  const left = await remaining(plan, signal)
  const failed = [...left].map((socket) => ({
    socket: `${endpoint(socket.local, socket.localPort)} -> ${endpoint(socket.remote, socket.remotePort)}`,
    why: reasonText(reasons.get(socket)),
  }))
  return { ...describePlan(plan), dryRun: false, closed: plan.sockets.length - failed.length, failed }
}

/** Who closed what, for the night line. */
export function closedText(actor: string, { what }: ClosePlan, { closed, found }: CloseResult): string {
  const share = closed === found ? String(closed) : `${closed} of ${found}`
  return `${actor} closed ${share} ${found === 1 ? 'connection' : 'connections'}: ${what}`
}

/** Asks the kernel to abort each; answers why it would not. */
async function abortSockets(plan: ClosePlan, signal?: AbortSignal): Promise<Map<Socket, string>> {
  const reasons = new Map<Socket, string>()
  const sockets = plan.sockets.map((planned) => planned.socket)
  if (plan.source !== 'netlink') {
    await killBySs(sockets, signal)
    return reasons
  }
  const netlink = await openNetlink()
  try {
    for (const [index, socket] of sockets.entries()) {
      signal?.throwIfAborted()
      const reason = await netlink.destroy(socket)
      if (reason !== null) reasons.set(socket, reason)
      if (index % A_TURN === A_TURN - 1) await setImmediate()
    }
  } finally {
    netlink.close()
  }
  return reasons
}

/** Those of the plan that are still there. */
async function remaining(plan: ClosePlan, signal?: AbortSignal): Promise<Set<Socket>> {
  let left = new Set(plan.sockets.map((planned) => planned.socket))
  for (let check = 0; left.size > 0 && check < CHECKS; check++) {
    if (check > 0) await setTimeout(CHECK_MS)
    const { sockets } = await readSockets({ source: plan.source, proc: MACHINE.proc, ...(signal ? { signal } : {}) })
    const there = new Set(sockets.filter(closable).map(identity))
    left = new Set([...left].filter((socket) => there.has(identity(socket))))
  }
  return left
}

function reasonText(errno: string | undefined): string {
  if (errno === 'EPERM') return 'not permitted: it needs root (CAP_NET_ADMIN)'
  if (errno === 'EOPNOTSUPP') return 'this kernel cannot close sockets of others (CONFIG_INET_DIAG_DESTROY)'
  return errno === undefined ? 'still there' : `the kernel says ${errno}`
}
