/** Carries each TCP connection of a box to tor. */
import type { Server, Socket } from 'node:net'
import { logIn, receive } from '#proto/socks5/client.ts'
import {
  type SocksCommand,
  type SocksLogin,
  type SocksTarget,
  decodeReply,
  encodeRequest,
} from '#proto/socks5/codec.ts'
import { replyError } from '#proto/socks5/replies.ts'
import { targetOf } from './addresses.ts'
import type { Door } from './door.ts'
import type { NamePool } from './names.ts'
import type { Traffic } from './traffic.ts'

/** Streams of a box at a time; each has two sockets, and 4096 files is a common limit of a process. */
const MAX_STREAMS = 1500

/** What carries the streams of a box. */
export interface Carrier {
  readonly door: Door
  readonly names: NamePool
  readonly traffic: Traffic
}

/** Serves the sockets to which nft brings every TCP connection of the box. */
export function serveForwarder(server: Server, carrier: Carrier): void {
  accept(server, (program) => {
    const target = wanted(program, carrier.names)
    if (target === null) refuse(program)
    else void forward(program, target, carrier)
  })
}

async function forward(program: Socket, target: SocksTarget, carrier: Carrier): Promise<void> {
  const answer = await carry(program, { command: 'connect', target, login: carrier.door.login() }, carrier)
  if (answer?.code === 0) answer.tor.pipe(program)
  else refuse(program)
}

/** Takes a box's connections: one direction may end before the other, and too many are not accepted. */
export function accept(server: Server, serve: (program: Socket) => void): void {
  server.maxConnections = MAX_STREAMS
  // Out of files, the kernel keeps the connection waiting, and the next accept may succeed.
  server.on('error', () => undefined)
  server.on('connection', (program) => {
    program.allowHalfOpen = true
    serve(program.setNoDelay(true))
  })
}

function wanted(program: Socket, names: NamePool): SocksTarget | null {
  const target = targetOf(program.remoteAddress ?? '', program.localAddress ?? '')
  if (target === null) return null
  if (target.kind === 'address') return { host: target.address, port: target.port }
  const host = names.nameOf(target.index)
  return host === null ? null : { host, port: target.port }
}

/** `example.org:443`, `[2001:db8::1]:443` */
export function endpoint({ host, port }: SocksTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Ends a connection as if nobody had listened: a reset, not an empty answer. */
export function refuse(program: Socket): void {
  if (!program.destroyed) program.resetAndDestroy()
}

/** What a program asks of tor. */
export interface TorRequest {
  readonly command: SocksCommand
  readonly target: SocksTarget
  readonly login: SocksLogin
}

/** Tor's answer: a reply code of SOCKS, 0 for yes, an address, and the connection, from which data comes next. */
export interface TorAnswer {
  readonly code: number
  readonly target: SocksTarget
  readonly tor: Socket
}

/**
 * Asks tor, ties the program's connection and tor's together, and accounts for the stream; null when there is no
 * answer. What the program says first travels with the request: that saves a whole round trip through Tor.
 */
export async function carry(program: Socket, request: TorRequest, carrier: Carrier): Promise<TorAnswer | null> {
  const { command, target, login } = request
  const tor = carrier.door.open()
  program.on('error', () => tor.destroy()).on('close', () => tor.destroy())
  tor.on('error', () => tor.destroy())
  const account = carrier.traffic.follow(program, endpoint(target))
  const { signal } = new AbortController()
  try {
    // One step after the other: tor loses its own answers when it finds two steps in one piece.
    await logIn(tor, login, signal)
    tor.write(encodeRequest(command, target))
    program.pipe(tor)
    const answer = await receive(tor, decodeReply, signal)
    // When one side is gone the other must hear of it: an error is passed on as a reset, an end as an end.
    tor.on('error', () => refuse(program)).on('close', () => program.destroySoon())
    if (answer.code === 0) account.connected()
    else account.failed(replyError(answer.code, `connection to ${endpoint(target)}`))
    return { ...answer, tor }
  } catch (error) {
    // A program that went away before has no use for it any more.
    if (!program.destroyed) account.failed(error)
    return null
  }
}
