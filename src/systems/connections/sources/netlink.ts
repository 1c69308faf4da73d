import { setImmediate } from 'node:timers/promises'
import { NocError } from '#core/errors.ts'
import { type Libc, libc, linux } from '#core/host/libc.ts'
import { dumpReader, readAck } from '#proto/netlink/diag-reader.ts'
import {
  type DiagSocket,
  type DumpRequest,
  LITTLE,
  MAX_DATAGRAM,
  NETLINK_SOCK_DIAG,
  encodeDestroy,
  encodeDump,
} from '#proto/netlink/inet-diag.ts'
import type { Socket } from '../socket.ts'

/** Milliseconds of reading after which the event loop gets its turn. */
const TURN_MS = 8
/** How often a dump is asked for again when the kernel's tables changed under it. */
const ATTEMPTS = 3
/** How many turns of the event loop an answer may take; the kernel answers at once. */
const PATIENCE = 1000

/** An open netlink socket. One question at a time. */
export interface Netlink {
  /** All TCP and UDP sockets of this network namespace; the objects in `recycle` are used again. */
  dump(recycle: DiagSocket[], signal?: AbortSignal): Promise<DiagSocket[]>
  /** Aborts exactly this socket; answers null when it is done, else why not (`EPERM`, `ENOENT` ...). */
  destroy(socket: Socket): Promise<string | null>
  close(): void
}

function failed(what: string, errno: string): NocError {
  return new NocError(
    'NOC_CONNECTIONS_NETLINK',
    `The kernel's socket list can't be read over netlink: ${what} says ${errno}.`,
  )
}

/** Opens netlink; throws a NocError that says why when koffi or the kernel does not let us. */
export async function openNetlink(): Promise<Netlink> {
  const c = await libc()
  if (c === null) {
    throw new NocError('NOC_CONNECTIONS_KOFFI', 'Netlink needs the optional package koffi, which is not installed.')
  }
  const fd = c.socket(linux.AF_NETLINK, linux.SOCK_RAW | linux.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
  if (fd < 0) throw failed('socket', c.errno())
  const channel = { c, fd, buffer: new Uint8Array(MAX_DATAGRAM), sequence: 0 }
  return {
    dump: (recycle, signal) => dump(channel, recycle, signal),
    destroy: (socket) => destroy(channel, socket),
    close: () => void c.close(fd),
  }
}

interface Channel {
  readonly c: Libc
  readonly fd: number
  readonly buffer: Uint8Array
  sequence: number
}

/** A `sockaddr_nl` of the kernel: its family, then zeros. */
const KERNEL = new Uint8Array(new Uint16Array([linux.AF_NETLINK, 0, 0, 0, 0, 0]).buffer)

function send({ c, fd }: Channel, message: Uint8Array): void {
  if (c.sendto(fd, message, message.length, 0, KERNEL, KERNEL.length) < 0) throw failed('sendto', c.errno())
}

/** The next datagram, or null when there is none yet. */
function receive({ c, fd, buffer }: Channel): Uint8Array | null {
  const size = c.recv(fd, buffer, buffer.length, linux.MSG_DONTWAIT | linux.MSG_TRUNC)
  if (size > buffer.length) throw failed('recv', `a datagram of ${size} bytes`)
  if (size >= 0) return buffer.subarray(0, size)
  const errno = c.errno()
  if (errno === 'EAGAIN' || errno === 'EINTR') return null
  throw failed('recv', errno)
}

async function next(channel: Channel): Promise<Uint8Array> {
  for (let turn = 0; turn < PATIENCE; turn++) {
    const datagram = receive(channel)
    if (datagram !== null) return datagram
    await setImmediate()
  }
  throw failed('recv', 'nothing')
}

async function dump(channel: Channel, recycle: DiagSocket[], signal?: AbortSignal): Promise<DiagSocket[]> {
  const sockets: DiagSocket[] = []
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const family of [4, 6] as const) await dumpOne(channel, { protocol, family }, { sockets, recycle }, signal)
  }
  return sockets
}

interface Heap {
  readonly sockets: DiagSocket[]
  readonly recycle: DiagSocket[]
}

async function dumpOne(channel: Channel, query: DumpRequest, heap: Heap, signal?: AbortSignal): Promise<void> {
  const before = heap.sockets.length
  for (let attempt = 1; ; attempt++) {
    const whole = await dumpOnce(channel, query, heap, signal)
    if (whole || attempt === ATTEMPTS) return
    heap.sockets.length = before
  }
}

async function dumpOnce(
  channel: Channel,
  query: DumpRequest,
  { sockets, recycle }: Heap,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const sequence = ++channel.sequence
  send(channel, encodeDump(query, sequence))
  const read = dumpReader(query.protocol, sequence, LITTLE, recycle)
  let interrupted = false
  let turn = performance.now()
  for (;;) {
    const progress = read(await next(channel), sockets)
    interrupted ||= progress.interrupted
    if (progress.errno !== 0) throw failed(`the dump of ${query.protocol}`, channel.c.nameOf(progress.errno))
    if (progress.done) return !interrupted
    if (performance.now() - turn > TURN_MS) {
      await setImmediate()
      signal?.throwIfAborted()
      turn = performance.now()
    }
  }
}

async function destroy(channel: Channel, socket: Socket): Promise<string | null> {
  const sequence = ++channel.sequence
  send(channel, encodeDestroy(socket, sequence))
  for (;;) {
    const errno = readAck(await next(channel), sequence)
    if (errno !== null) return errno === 0 ? null : channel.c.nameOf(errno)
  }
}
