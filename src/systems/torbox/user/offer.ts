import { boxPorts } from './addresses.ts'

/** The kinds of socket that a box's keeper gets, each with an open `net.Server` or, for dns, a `dgram.Socket`. */
export type OfferedKind = 'forwarder' | 'socks' | 'dns'

/** What a box listens on: kind, port, address, whether it can do without (where the kernel has no IPv6). */
const SOCKETS: readonly (readonly [OfferedKind, port: number, host: string, needed: boolean])[] = [
  ['forwarder', boxPorts.forwarder, '0.0.0.0', true],
  ['forwarder', boxPorts.forwarder, '::', false],
  ['socks', boxPorts.socks, '127.0.0.1', true],
  ['socks', boxPorts.socks, '::1', false],
  ['dns', boxPorts.dns, '127.0.0.1', true],
  ['dns', boxPorts.dns, '::1', false],
]

/** What the keeper is told when it has them all. */
export const ALL_OFFERED = 'complete'

/**
 * Opens the sockets inside the box and hands them out to its keeper over Node's IPC channel; ends with 0 when the
 * keeper says go. It runs as text in a bare Node, which starts fastest and needs no file inside the box. So it may use
 * nothing but its arguments, and hold no named function: bundlers add calls of their own to those.
 */
function offer(sockets: typeof SOCKETS, complete: string): void {
  const net = process.getBuiltinModule('node:net')
  const dgram = process.getBuiltinModule('node:dgram')
  process.on('message', () => process.exit(0))
  // Node tells of a keeper that is gone only when that has taken the socket that was sent last (child_process,
  // `_handleQueue`). A box without a keeper would wait for ever.
  setInterval(() => process.connected || process.exit(1), 100)
  const opened = sockets.map(
    ([kind, port, host, needed]) =>
      new Promise<void>((resolve) => {
        const ipv6Only = host.includes(':')
        const socket =
          kind === 'dns'
            ? dgram.createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only }).bind(port, host)
            : net.createServer().listen({ port, host, ipv6Only })
        socket.on('listening', () => process.send?.(kind, socket, undefined, () => resolve()))
        socket.on('error', (error) => {
          if (!needed) return resolve()
          process.stderr.write(`${kind}: ${error.message}\n`, () => process.exit(1))
        })
      }),
  )
  void Promise.all(opened).then(() => process.send?.(complete))
}

/** The program for `node -e`. */
export const offerProgram: string = `(${offer.toString()})(${JSON.stringify(SOCKETS)}, ${JSON.stringify(ALL_OFFERED)})`
