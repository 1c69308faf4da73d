import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { normalAddress } from '#proto/netlink/address.ts'
import { type Socket, endpoint } from './socket.ts'

/** The connection that the operator types in. */
export interface Session {
  /** Whether this socket, held by this process, carries it. */
  holds(socket: Socket, pid: number | null): boolean
}

/** Nobody types: the daemon. */
export const NO_SESSION: Session = { holds: () => false }

/** Processes above us that are looked at: shells, sudo, tmux, sshd. */
const MAX_ANCESTORS = 64

/** Programs that serve remote shells, by the beginning of their names; sshd has helpers like sshd-session. */
const SHELL_SERVERS = /^(?:sshd|dropbear|telnetd|in\.telnetd|ttyd)/

/**
 * The operator's session: what $SSH_CONNECTION names, here or (sudo takes it away) in a process above us, and whatever
 * connection a server of remote shells above us holds.
 */
export function readSession(env: NodeJS.ProcessEnv, proc: string, pid: number): Session {
  const above = ancestors(proc, pid)
  const connections = new Set(
    [env['SSH_CONNECTION'], ...above.map((ancestor) => sshConnection(proc, ancestor))].flatMap(parseSshConnection),
  )
  const servers = new Set(above.filter((one) => SHELL_SERVERS.test(text(join(proc, String(one), 'comm')))))
  return {
    holds: (socket, holder) =>
      connections.has(sessionKey(socket.remote, socket.remotePort, socket.local, socket.localPort)) ||
      (holder !== null && servers.has(holder)),
  }
}

function sessionKey(remote: string, remotePort: number, local: string, localPort: number): string {
  return `${endpoint(remote, remotePort)} ${endpoint(local, localPort)}`
}

/** `client port server port`, as sshd(8) writes it. */
function parseSshConnection(text: string | undefined): string[] {
  const [remote = '', remotePort, local = '', localPort] = text?.split(' ') ?? []
  const here = normalAddress(local)
  const there = normalAddress(remote)
  return here === null || there === null ? [] : [sessionKey(there, Number(remotePort), here, Number(localPort))]
}

function ancestors(proc: string, pid: number): number[] {
  const found: number[] = []
  for (let next = parent(proc, pid); next > 1 && found.length < MAX_ANCESTORS; next = parent(proc, next)) {
    found.push(next)
  }
  return found
}

function parent(proc: string, pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(text(join(proc, String(pid), 'status')))?.[1] ?? 0)
}

function sshConnection(proc: string, pid: number): string | undefined {
  const prefix = 'SSH_CONNECTION='
  const entry = text(join(proc, String(pid), 'environ'))
    .split('\0')
    .find((variable) => variable.startsWith(prefix))
  return entry?.slice(prefix.length)
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
