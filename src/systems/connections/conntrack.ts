import { normalAddress } from '#proto/netlink/address.ts'
import type { Socket } from './socket.ts'

/** Seconds since each connection began, by `keyOf`, as connection tracking knows it. */
export type ConntrackAges = Map<string, number>

const TUPLE = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g

/** How a socket is looked up. */
export function conntrackKey(
  socket: Pick<Socket, 'protocol' | 'local' | 'localPort' | 'remote' | 'remotePort'>,
): string {
  const { protocol, local, localPort, remote, remotePort } = socket
  return `${protocol} ${local} ${localPort} ${remote} ${remotePort}`
}

/**
 * Adds the connections of one line of /proc/net/nf_conntrack or `conntrack -L -o ktimestamp`. The sender of either
 * tuple may be us: the first for connections we made, the second for those that came in (perhaps through NAT).
 */
export function addConntrackLine(line: string, into: ConntrackAges): void {
  const protocol = /\b(tcp|udp) /.exec(line)?.[1]
  const seconds = / delta-time=(\d+)/.exec(line)?.[1]
  if (protocol === undefined || seconds === undefined) return
  for (const [, src = '', dst = '', sport, dport] of line.matchAll(TUPLE)) {
    const local = normalAddress(src)
    const remote = normalAddress(dst)
    if (local === null || remote === null) continue
    into.set(`${protocol} ${local} ${sport} ${remote} ${dport}`, Number(seconds))
  }
}
