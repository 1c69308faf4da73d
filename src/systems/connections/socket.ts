import type { DiagSocket } from '#proto/netlink/inet-diag.ts'
import type { SourceName } from './wire.ts'

/** One socket, the same from every source; what a source can't tell is null. */
export interface Socket extends Omit<DiagSocket, 'cgroup'> {
  /** Control group: its id (netlink) or its path (ss). */
  readonly cgroup: number | string | null
}

/** In both halves of the cookie: unknown (INET_DIAG_NOCOOKIE). */
export const NO_COOKIE = 0xffff_ffff

/** All sockets at one moment. */
export interface Reading {
  readonly source: SourceName
  readonly sockets: readonly Socket[]
  /** What this source can't tell, in words. */
  readonly unknown: readonly string[]
  /** Why a better source could not be used, one sentence each. */
  readonly notes: readonly string[]
}

/** Names the same socket in two readings of one source: its cookie, else its inode, else its addresses. */
export function identity(socket: Socket): number | string {
  if (socket.cookieHigh !== NO_COOKIE || socket.cookieLow !== NO_COOKIE) {
    return socket.cookieHigh * 0x1_0000_0000 + socket.cookieLow
  }
  if (socket.inode !== 0) return socket.inode
  return `${socket.protocol} ${endpoint(socket.local, socket.localPort)} ${endpoint(socket.remote, socket.remotePort)}`
}

/** Address and port as people type them: `192.0.2.1:80`, `[2001:db8::1]:80`; without a port just the address. */
export function endpoint(ip: string, port: number | null): string {
  if (port === null) return ip
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

/** Before a connection stands the kernel's times count from the boot, and mean nothing. */
const UNTIMED = new Set(['SYN-SENT', 'SYN-RECV', 'LISTEN', 'UNCONN'])

/** Milliseconds since the last byte came or went; null when unknown. */
export function idleMs(socket: Socket): number | null {
  if (socket.lastSent === null || socket.lastReceived === null || UNTIMED.has(socket.state)) return null
  return Math.min(socket.lastSent, socket.lastReceived)
}

/**
 * Milliseconds since the connect, known only while nothing was ever received: until then the time of the last receive
 * is the time of the connect.
 */
export function silentAgeMs(socket: Socket): number | null {
  return socket.bytesReceived === 0 && !UNTIMED.has(socket.state) ? socket.lastReceived : null
}

/** Milliseconds that a connection is old at least: both times begin with the connect. 0 when they are unknown. */
export function connectedMs(socket: Socket): number {
  return UNTIMED.has(socket.state) ? 0 : Math.max(socket.lastSent ?? 0, socket.lastReceived ?? 0)
}

/** Whether keep-alive probes are on; null while another timer runs, because the kernel shows only one. */
export function keepAlive(socket: Socket): boolean | null {
  if (socket.timer === 2) return true
  return socket.timer === 0 ? false : null
}

/** Waits for connections, or is not connected to anybody. */
export function hasNoPeer(socket: Socket): boolean {
  return socket.state === 'LISTEN' || socket.state === 'UNCONN'
}
