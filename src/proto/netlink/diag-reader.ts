/** Reading what the kernel answers over NETLINK_SOCK_DIAG. Total: malformed bytes give one typed error with its offset. */
import { NocError } from '#core/errors.ts'
import { ipv4Text, ipv6Text } from './address.ts'
import { AF, ATTRIBUTE_INFO, type DiagSocket, HEADER, LITTLE, SOCK_DIAG_BY_FAMILY, stateName } from './inet-diag.ts'

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLM_F_DUMP_INTR = 0x10
/** Bytes of `struct inet_diag_msg`. */
const MESSAGE = 72
const ATTRIBUTE_CGROUP_ID = 21

/** What one datagram told of the dump's progress. */
export interface DumpProgress {
  readonly done: boolean
  /** The kernel's tables changed under the dump: some sockets may be missing. */
  readonly interrupted: boolean
  /** The kernel's error number; 0 when there is none. */
  readonly errno: number
}

function malformed(offset: number, what: string): NocError {
  return new NocError('NOC_NETLINK_MALFORMED', `The kernel's socket list is malformed at byte ${offset}: ${what}.`)
}

/**
 * Reads the datagrams of one dump. Objects in `recycle` are emptied and used again before new ones are made: whoever
 * looks every few seconds at a hundred thousand sockets leaves no garbage that way.
 */
export function dumpReader(
  protocol: 'tcp' | 'udp',
  sequence: number,
  little: boolean = LITTLE,
  recycle: DiagSocket[] = [],
): (datagram: Uint8Array, into: { push(socket: DiagSocket): unknown }) => DumpProgress {
  const names = addressNames()
  return (datagram, into) => {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
    let progress = { done: false, interrupted: false, errno: 0 }
    eachMessage(view, little, (type, flags, at, end) => {
      if (view.getUint32(at + 8, little) !== sequence) return
      if ((flags & NLM_F_DUMP_INTR) !== 0) progress = { ...progress, interrupted: true }
      if (type === SOCK_DIAG_BY_FAMILY) {
        into.push(fill(recycle.pop() ?? blank(), view, at + HEADER, end, protocol, names, little))
      } else if (type === NLMSG_DONE || type === NLMSG_ERROR) {
        progress = { ...progress, done: true, errno: errnoOf(view, at + HEADER, end, little) }
      }
    })
    return progress
  }
}

/** The kernel's answer to a SOCK_DESTROY: 0 for done, its error number otherwise; null when this is not the answer. */
export function readAck(datagram: Uint8Array, sequence: number, little: boolean = LITTLE): number | null {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  let answer: number | null = null
  eachMessage(view, little, (type, _flags, at, end) => {
    if (type !== NLMSG_ERROR || view.getUint32(at + 8, little) !== sequence) return
    answer = errnoOf(view, at + HEADER, end, little)
  })
  return answer
}

function eachMessage(
  view: DataView,
  little: boolean,
  visit: (type: number, flags: number, at: number, end: number) => void,
): void {
  let at = 0
  while (at < view.byteLength) {
    if (at + HEADER > view.byteLength) throw malformed(at, 'a message header is cut off')
    const length = view.getUint32(at, little)
    if (length < HEADER || at + length > view.byteLength) throw malformed(at, `a message claims ${length} bytes`)
    visit(view.getUint16(at + 4, little), view.getUint16(at + 6, little), at, at + length)
    at += (length + 3) & ~3
  }
}

/** Error numbers are negative on the wire. NLMSG_DONE may come without one. */
function errnoOf(view: DataView, at: number, end: number, little: boolean): number {
  return at + 4 <= end ? Math.abs(view.getInt32(at, little)) : 0
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function blank(): Mutable<DiagSocket> {
  return {
    protocol: 'tcp',
    family: 4,
    state: '',
    local: '',
    localPort: 0,
    remote: '',
    remotePort: 0,
    device: 0,
    cookieLow: 0,
    cookieHigh: 0,
    timer: 0,
    retransmits: 0,
    receiveQueue: 0,
    sendQueue: 0,
    uid: 0,
    inode: 0,
    cgroup: null,
    lastSent: null,
    lastReceived: null,
    lastHeard: null,
    bytesSent: null,
    bytesReceived: null,
  }
}

function fill(
  socket: Mutable<DiagSocket>,
  view: DataView,
  at: number,
  end: number,
  protocol: 'tcp' | 'udp',
  names: AddressNames,
  little: boolean,
): DiagSocket {
  if (at + MESSAGE > end) throw malformed(at, 'a socket is cut off')
  const family = view.getUint8(at) === AF[6] ? 6 : 4
  const { info, infoEnd, cgroup } = readAttributes(view, at + MESSAGE, end, little)
  const has = (upTo: number): boolean => info > 0 && info + upTo <= infoEnd
  socket.protocol = protocol
  socket.family = family
  socket.state = stateName(view.getUint8(at + 1))
  socket.local = names(view, at + 8, family)
  socket.localPort = view.getUint16(at + 4)
  socket.remote = names(view, at + 24, family)
  socket.remotePort = view.getUint16(at + 6)
  socket.device = view.getUint32(at + 40, little)
  socket.cookieLow = view.getUint32(at + 44, little)
  socket.cookieHigh = view.getUint32(at + 48, little)
  socket.timer = view.getUint8(at + 2)
  socket.retransmits = view.getUint8(at + 3)
  socket.receiveQueue = view.getUint32(at + 56, little)
  socket.sendQueue = view.getUint32(at + 60, little)
  socket.uid = view.getUint32(at + 64, little)
  socket.inode = view.getUint32(at + 68, little)
  socket.cgroup = cgroup
  // struct tcp_info grows at its end from kernel to kernel: a field is there when it fits.
  socket.lastSent = has(48) ? view.getUint32(info + 44, little) : null
  socket.lastReceived = has(56) ? view.getUint32(info + 52, little) : null
  socket.lastHeard = has(60) ? view.getUint32(info + 56, little) : null
  socket.bytesSent = has(216) ? u64(view, info + 200, little) - u64(view, info + 208, little) : null
  socket.bytesReceived = has(136) ? u64(view, info + 128, little) : null
  return socket
}

interface Attributes {
  /** Where tcp_info begins and ends; 0 when there is none. */
  readonly info: number
  readonly infoEnd: number
  readonly cgroup: number | null
}

function readAttributes(view: DataView, from: number, end: number, little: boolean): Attributes {
  let info = 0
  let infoEnd = 0
  let cgroup: number | null = null
  for (let at = from; at + 4 <= end;) {
    const length = view.getUint16(at, little)
    if (length < 4 || at + length > end) throw malformed(at, `an attribute claims ${length} bytes`)
    const type = view.getUint16(at + 2, little)
    if (type === ATTRIBUTE_INFO) {
      info = at + 4
      infoEnd = at + length
    } else if (type === ATTRIBUTE_CGROUP_ID && length >= 12) cgroup = u64(view, at + 4, little)
    at += (length + 3) & ~3
  }
  return { info, infoEnd, cgroup }
}

function u64(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little)
  const high = view.getUint32(little ? at + 4 : at, little)
  return high * 0x1_0000_0000 + low
}

type AddressNames = (view: DataView, at: number, family: 4 | 6) => string

/** Slots of the cache of address texts; a power of two. */
const SLOTS = 4096

/** Address texts of a dump, which is of one family; each is made once unless two addresses meet in a slot: there are far fewer addresses than sockets. */
function addressNames(): AddressNames {
  const keys = new Uint32Array(SLOTS * 4)
  const texts: string[] = []
  return (view, at, family) => {
    const a = view.getUint32(at)
    const b = family === 4 ? 0 : view.getUint32(at + 4)
    const c = family === 4 ? 0 : view.getUint32(at + 8)
    const d = family === 4 ? 0 : view.getUint32(at + 12)
    const slot = (Math.imul(a ^ b ^ c ^ d, 0x9e37_79b1) >>> 20) & (SLOTS - 1)
    const key = slot * 4
    const same = keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d
    const known = texts[slot]
    if (same && known !== undefined) return known
    keys[key] = a
    keys[key + 1] = b
    keys[key + 2] = c
    keys[key + 3] = d
    return (texts[slot] = family === 4 ? ipv4Text(a) : ipv6Text(a, b, c, d))
  }
}
