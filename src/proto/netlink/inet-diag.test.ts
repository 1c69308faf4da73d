import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import { addressBytes, mappedBytes } from './address.ts'
import { dumpReader, readAck } from './diag-reader.ts'
import { type DiagSocket, encodeDestroy, encodeDump, stateName } from './inet-diag.ts'

// Captured from Linux 6.18 on x86-64 (little-endian); a line is a datagram; sequence number 7.
const SEQUENCE = 7

function captured(name: string): Buffer[] {
  const text = readFileSync(new URL(`fixtures/${name}.hex`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'hex'))
}

function decode(datagrams: readonly Uint8Array[], protocol: 'tcp' | 'udp' = 'tcp'): DiagSocket[] {
  const sockets: DiagSocket[] = []
  const read = dumpReader(protocol, SEQUENCE, true)
  const last = datagrams.map((datagram) => read(datagram, sockets)).at(-1)
  assert.deepEqual(last, { done: true, interrupted: false, errno: 0 })
  return sockets
}

test('a captured IPv4 dump tells states, queues, timers and bytes', () => {
  const sockets = decode(captured('tcp4'))
  assert.equal(sockets.length, 11)
  assert.deepEqual(
    sockets.find((s) => s.localPort === 49_808),
    {
      protocol: 'tcp',
      family: 4,
      state: 'ESTABLISHED',
      local: '127.0.0.1',
      localPort: 49_808,
      remote: '127.0.0.1',
      remotePort: 8080,
      device: 0,
      cookieLow: 0xc3c7,
      cookieHigh: 0,
      timer: 2,
      retransmits: 0,
      receiveQueue: 7,
      sendQueue: 0,
      uid: 0,
      inode: 181_213,
      cgroup: 1,
      lastSent: 2312,
      lastReceived: 2312,
      lastHeard: 2312,
      bytesSent: 5,
      bytesReceived: 7,
    },
  )
  const syn = sockets.filter((s) => s.state === 'SYN-SENT')
  assert.deepEqual(
    syn.map((s) => [s.remote, s.retransmits, s.sendQueue]),
    [
      ['127.0.0.9', 2, 1],
      ['127.0.0.9', 2, 1],
    ],
  )
  const waiting = sockets.find((s) => s.state === 'TIME-WAIT')
  assert.deepEqual([waiting?.inode, waiting?.lastSent, waiting?.bytesReceived], [0, null, null])
  assert.equal(sockets.find((s) => s.state === 'LISTEN' && s.localPort === 8080)?.sendQueue, 2)
})

test('IPv4 over an IPv6 socket is IPv4 to people and IPv6 to the kernel', () => {
  const mapped = decode(captured('tcp6')).find((s) => s.remotePort === 56_540)
  assert.deepEqual([mapped?.family, mapped?.local, mapped?.remote], [6, '127.0.0.1', '127.0.0.1'])
})

test('UDP sockets have no tcp_info', () => {
  const [bound, connected] = [...decode(captured('udp4'), 'udp'), ...decode(captured('udp6'), 'udp')]
  assert.deepEqual([bound?.state, bound?.receiveQueue, bound?.lastSent], ['UNCONN', 832, null])
  assert.deepEqual([connected?.state, connected?.remotePort], ['ESTABLISHED', 5353])
})

test('a dump cut off anywhere gives the typed error or fewer sockets, never nonsense', () => {
  for (const datagram of captured('tcp4')) {
    const whole: DiagSocket[] = []
    dumpReader('tcp', SEQUENCE, true)(datagram, whole)
    for (let end = 0; end < datagram.length; end++) {
      const sockets: DiagSocket[] = []
      try {
        dumpReader('tcp', SEQUENCE, true)(datagram.subarray(0, end), sockets)
      } catch (error) {
        assert.ok(error instanceof NocError && error.code === 'NOC_NETLINK_MALFORMED', String(error))
        assert.match(error.message, /at byte \d+/)
      }
      assert.deepEqual(sockets, whole.slice(0, sockets.length))
    }
  }
})

function attempt(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof NocError, String(error))
  }
}

test('garbage and damaged dumps never throw anything but the typed error', () => {
  const real = captured('tcp6')[0] ?? Buffer.alloc(0)
  const damaged = fc
    .array(fc.tuple(fc.nat({ max: real.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(real)
      for (const [at, value] of changes) bytes[at] = value
      return new Uint8Array(bytes)
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (bytes) => {
      attempt(() => dumpReader('tcp', SEQUENCE, true)(bytes, []))
      attempt(() => readAck(bytes, SEQUENCE, true))
    }),
    { numRuns: 3000 },
  )
})

const message = (type: number, flags: number, sequence: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + payload.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt32LE(sequence, 8)
  return Buffer.concat([header, payload])
}
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

test('the kernel says when a dump failed, was interrupted, or belongs to another question', () => {
  const read = dumpReader('tcp', SEQUENCE, true)
  assert.deepEqual(read(message(2, 0, 7, number(-2)), []), { done: true, interrupted: false, errno: 2 })
  assert.deepEqual(read(message(3, 0x10, 7, number(0)), []), { done: true, interrupted: true, errno: 0 })
  assert.deepEqual(read(message(3, 0, 8, number(0)), []), { done: false, interrupted: false, errno: 0 })
})

test('the answer to closing a socket is read, and only the one that was asked for', () => {
  assert.equal(readAck(message(2, 0, 7, number(0)), 7, true), 0)
  assert.equal(readAck(message(2, 0, 7, number(-1)), 7, true), 1)
  assert.equal(readAck(message(2, 0, 6, number(-1)), 7, true), null)
})

/** A socket message as the kernel writes it, from what we decode it to. */
function encodeSocket(socket: DiagSocket, little: boolean): Uint8Array {
  const bytes = new Uint8Array(16 + 72 + 4 + 232 + 12)
  const view = new DataView(bytes.buffer)
  const u32 = (at: number, value: number): void => view.setUint32(at, value, little)
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), little)
  const address = (text: string): Uint8Array => {
    const raw = addressBytes(text) ?? new Uint8Array()
    return socket.family === 6 ? mappedBytes(raw) : raw
  }
  u32(0, bytes.length)
  view.setUint16(4, 20, little)
  u32(8, SEQUENCE)
  const states = Array.from({ length: 12 }, (_, state) => stateName(state))
  bytes.set([socket.family === 6 ? 10 : 2, states.indexOf(socket.state), socket.timer, socket.retransmits], 16)
  view.setUint16(20, socket.localPort)
  view.setUint16(22, socket.remotePort)
  bytes.set(address(socket.local), 24)
  bytes.set(address(socket.remote), 40)
  const figures = [socket.device, socket.cookieLow, socket.cookieHigh, 0, socket.receiveQueue, socket.sendQueue]
  for (const [index, value] of [...figures, socket.uid, socket.inode].entries()) u32(56 + index * 4, value)
  view.setUint16(88, 4 + 232, little)
  view.setUint16(90, 2, little)
  const info = 92
  u32(info + 44, socket.lastSent ?? 0)
  u32(info + 52, socket.lastReceived ?? 0)
  u32(info + 56, socket.lastHeard ?? 0)
  u64(info + 128, socket.bytesReceived ?? 0)
  u64(info + 200, (socket.bytesSent ?? 0) + 1000)
  u64(info + 208, 1000)
  view.setUint16(324, 12, little)
  view.setUint16(326, 21, little)
  u64(328, socket.cgroup ?? 0)
  return bytes
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const port = fc.integer({ min: 0, max: 65_535 })
const large = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1000 })
const anySocket: fc.Arbitrary<DiagSocket> = fc.constantFrom(4 as const, 6 as const).chain((family) => {
  const u16 = fc.integer({ min: 1, max: 0xffff })
  const six = fc.tuple(u16, u16).map(([a, b]) => `2001:db8::${a.toString(16)}:${b.toString(16)}`)
  const address = family === 4 ? fc.ipV4() : fc.oneof(six, fc.ipV4())
  const fields = {
    protocol: fc.constant('tcp' as const),
    family: fc.constant(family),
    state: fc.integer({ min: 0, max: 11 }).map(stateName),
    local: address,
    localPort: port,
    remote: address,
    remotePort: port,
    device: u32,
    cookieLow: u32,
    cookieHigh: u32,
    timer: fc.integer({ min: 0, max: 255 }),
    retransmits: fc.integer({ min: 0, max: 255 }),
    receiveQueue: u32,
    sendQueue: u32,
    uid: u32,
    inode: u32,
    cgroup: large,
    lastSent: u32,
    lastReceived: u32,
    lastHeard: u32,
    bytesSent: large,
    bytesReceived: large,
  }
  return fc.record(fields, { noNullPrototype: true })
})

test('every socket survives the wire, in both byte orders', () => {
  fc.assert(
    fc.property(anySocket, fc.boolean(), (socket, little) => {
      const sockets: DiagSocket[] = []
      dumpReader('tcp', SEQUENCE, little)(encodeSocket(socket, little), sockets)
      assert.deepEqual(sockets, [socket])
    }),
  )
})

test('used objects are emptied before they are filled again', () => {
  const whole = decode(captured('tcp6'))
  const used = decode(captured('tcp4')).map((socket) => ({ ...socket, cgroup: 99, bytesSent: 99, lastHeard: 99 }))
  const again: DiagSocket[] = []
  const read = dumpReader('tcp', SEQUENCE, true, [...used])
  for (const datagram of captured('tcp6')) read(datagram, again)
  assert.deepEqual(again, whole)
  assert.ok(again.every((socket) => used.some((one) => one === socket)))
})

test('requests are what linux/inet_diag.h wants, byte for byte', () => {
  assert.equal(
    Buffer.from(encodeDump({ family: 6, protocol: 'tcp' }, 7, true)).toString('hex'),
    `480000001400010307000000000000000a060200ffffffff${'00'.repeat(48)}`,
  )
  const mapped = decode(captured('tcp6')).find((s) => s.remotePort === 56_540)
  assert.ok(mapped)
  const ffff = '00000000000000000000ffff7f000001'
  assert.equal(
    Buffer.from(encodeDestroy(mapped, 9, true)).toString('hex'),
    `480000001500050009000000000000000a060000ffffffff1f91dcdc${ffff}${ffff}00000000d0c3000000000000`,
  )
})

test('an address that does not fit the family is refused instead of closing something else', () => {
  const socket = { ...(decode(captured('tcp4'))[0] as DiagSocket), remote: '2001:db8::1' }
  assert.throws(() => encodeDestroy(socket, 1), NocError)
})
