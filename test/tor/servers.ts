/** Servers that answer everybody and tell from where they were asked. */
import { type RemoteInfo, type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type ServerResponse, createServer as createWebServer } from 'node:http'
import { type Socket as TcpSocket, createServer } from 'node:net'
import { type Zone, answer } from './dns.ts'

/** Somebody asked one of the servers. */
export interface Visit {
  readonly server: 'web' | 'dns' | 'udp'
  /** The port that was asked. */
  readonly port: number
  /** Who asked, as it arrived. */
  readonly source: string
  readonly sourcePort: number
  /** The web path, the name and type asked for, or the text that was sent. */
  readonly what: string
}

export type Note = (visit: Visit) => void

/** Most bytes that `/bytes/N` sends. */
const MAX_BYTES = 1 << 30
const CHUNK = Buffer.alloc(65_536, 'n')

/** Answers each request with what is noted of it as JSON; `/bytes/N` with N bytes. */
export async function webServer(address: string, port: number, note: Note): Promise<void> {
  const server = createWebServer((request, response) => {
    const source = request.socket.remoteAddress ?? ''
    const what = request.url ?? '/'
    const visit: Visit = { server: 'web', port, source, sourcePort: request.socket.remotePort ?? 0, what }
    note(visit)
    const size = /^\/bytes\/(\d{1,10})$/.exec(what)?.[1]
    if (size !== undefined) return send(response, Math.min(Number(size), MAX_BYTES))
    response
      .setHeader('content-type', 'application/json')
      .end(`${JSON.stringify({ ...visit, host: request.headers.host })}\n`)
  })
  await once(server.listen({ host: address, port, ipv6Only: true }), 'listening')
}

function send(response: ServerResponse, size: number): void {
  response.setHeader('content-length', size)
  let left = size
  const more = (): void => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length))
      left -= chunk.length
      if (!response.write(chunk)) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
}

/** Answers names over UDP and TCP on port 53. */
export async function nameServer(address: string, zone: Zone, note: Note): Promise<void> {
  const reply = (query: Uint8Array, source: string, sourcePort: number): Uint8Array | null => {
    const result = answer(query, zone)
    if (result === null) return null
    const { name, type } = result.question
    note({ server: 'dns', port: 53, source, sourcePort, what: `${name} ${type ?? '?'}` })
    return result.reply
  }
  const udp = datagrams(address, (message, from) => {
    const bytes = reply(message, from.address, from.port)
    if (bytes !== null) udp.send(bytes, from.port, from.address)
  })
  const tcp = createServer((socket: TcpSocket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return
      const query = bytes.subarray(2, 2 + bytes.readUInt16BE(0))
      const message = reply(query, socket.remoteAddress ?? '', socket.remotePort ?? 0)
      socket.end(message === null ? '' : Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]))
    })
  })
  udp.bind(53, address)
  await Promise.all([
    once(udp, 'listening'),
    once(tcp.listen({ host: address, port: 53, ipv6Only: true }), 'listening'),
  ])
}

/** Sends every datagram back. */
export async function echoServer(address: string, port: number, note: Note): Promise<void> {
  const udp = datagrams(address, (message, from) => {
    note({ server: 'udp', port, source: from.address, sourcePort: from.port, what: message.toString('latin1') })
    udp.send(message, from.port, from.address)
  })
  udp.bind(port, address)
  await once(udp, 'listening')
}

function datagrams(address: string, take: (message: Buffer, from: RemoteInfo) => void): Socket {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' })
  // An answer that can't be delivered is the asker's trouble.
  socket.on('error', (error) => {
    if ('syscall' in error && error.syscall === 'bind') throw error
  })
  return socket.on('message', take)
}
