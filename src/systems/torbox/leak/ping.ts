import { type Libc, libc, linux } from '#core/host/libc.ts'
import { addressBytes } from '#proto/netlink/address.ts'
import { setTimeout } from 'node:timers/promises'
import type { Outcome } from './tasks.ts'

const AF_INET = 2
const AF_INET6 = 10
const IPPROTO_ICMP = 1
const IPPROTO_ICMPV6 = 58
/** Echo request and reply: RFC 792, RFC 4443. */
const ECHO4 = { request: 8, reply: 0 } as const
const ECHO6 = { request: 128, reply: 129 } as const
/** Milliseconds between two looks for an answer. */
const PAUSE_MS = 20
const BUFFER_BYTES = 512

/** Each ping has an id of its own: a raw socket hears the replies to all of them. */
let next = process.pid

/** Pings once, over a raw socket or (where that is not allowed) the kernel's own ping socket; needs koffi. */
export async function ping(host: string, timeoutMs: number): Promise<{ outcome: Outcome; detail: string }> {
  const c = await libc()
  if (c === null) return { outcome: 'unknown', detail: 'a ping needs the optional package koffi' }
  const target = parseTarget(host)
  if (target === null) return { outcome: 'unknown', detail: `${host} is no address` }
  const six = target.bytes.length === 16
  const [domain, protocol] = six ? [AF_INET6, IPPROTO_ICMPV6] : [AF_INET, IPPROTO_ICMP]
  const raw = c.socket(domain, linux.SOCK_RAW | linux.SOCK_CLOEXEC, protocol)
  const fd = raw >= 0 ? raw : c.socket(domain, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, protocol)
  if (fd < 0) return { outcome: 'unknown', detail: `no socket for a ping: ${c.errno()}` }
  try {
    return await exchange(c, fd, target, raw >= 0 && !six, timeoutMs)
  } finally {
    c.close(fd)
  }
}

interface Target {
  readonly bytes: Uint8Array
  readonly scope: number
}

/** `fe80::1%3`: the zone is the number of an interface. */
function parseTarget(host: string): Target | null {
  const [address = '', zone = '0'] = host.split('%')
  const bytes = addressBytes(address)
  return bytes === null ? null : { bytes, scope: Number(zone) || 0 }
}

async function exchange(
  c: Libc,
  fd: number,
  target: Target,
  withHeader: boolean,
  timeoutMs: number,
): Promise<{ outcome: Outcome; detail: string }> {
  const id = (next += 1) & 0xffff
  const to = socketAddress(target)
  const request = echoRequest(target.bytes.length === 16, id)
  if (c.sendto(fd, request, request.length, linux.MSG_DONTWAIT, to, to.length) < 0) {
    return { outcome: 'refused', detail: c.errno() }
  }
  const buffer = Buffer.alloc(BUFFER_BYTES)
  for (const until = performance.now() + timeoutMs; performance.now() < until;) {
    const length = c.recv(fd, buffer, buffer.length, linux.MSG_DONTWAIT)
    if (length < 0) await setTimeout(PAUSE_MS)
    else if (isReply(buffer.subarray(0, length), target.bytes.length === 16, withHeader, request)) {
      return { outcome: 'answered', detail: 'an echo reply came' }
    }
  }
  return { outcome: 'nothing', detail: 'no answer' }
}

/** `sockaddr_in` and `sockaddr_in6` (ip(7), ipv6(7)); the port means nothing. */
function socketAddress({ bytes, scope }: Target): Buffer {
  const six = bytes.length === 16
  const address = Buffer.alloc(six ? 28 : 16)
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = six ? AF_INET6 : AF_INET
  address.set(bytes, six ? 8 : 4)
  if (six) new Uint32Array(address.buffer, address.byteOffset + 24, 1)[0] = scope
  return address
}

/** The request; the payload tells our reply from others'. */
export function echoRequest(six: boolean, id: number): Buffer {
  const message = Buffer.alloc(32)
  message[0] = six ? ECHO6.request : ECHO4.request
  message.writeUInt16BE(id, 4)
  message.writeUInt16BE(1, 6)
  message.write(`noc leaktest ${id}`, 8)
  // The kernel fills in the checksum of ICMPv6, which covers addresses.
  if (!six) message.writeUInt16BE(checksum(message), 2)
  return message
}

/** The Internet checksum (RFC 1071) of an even number of bytes. */
export function checksum(message: Buffer): number {
  let sum = 0
  for (let at = 0; at < message.length; at += 2) sum += message.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function isReply(packet: Buffer, six: boolean, withHeader: boolean, request: Buffer): boolean {
  // A raw IPv4 socket gives the IP header too; its length is in the low half of the first byte, in words.
  const message = withHeader ? packet.subarray(((packet[0] ?? 0) & 15) * 4) : packet
  return message[0] === (six ? ECHO6.reply : ECHO4.reply) && message.subarray(8).equals(request.subarray(8))
}
