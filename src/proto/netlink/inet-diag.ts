/**
 * NETLINK_SOCK_DIAG (sock_diag(7), linux/inet_diag.h): asking the kernel for its TCP and UDP sockets, and to close one.
 * The structures are in the machine's byte order but for ports and addresses, which are in network order.
 */
import { NocError } from '#core/errors.ts'
import { addressBytes, mappedBytes } from './address.ts'

/** netlink family number of socket diagnosis. */
export const NETLINK_SOCK_DIAG = 4
/** Largest datagram the kernel makes of a dump (net/netlink/af_netlink.c: 32 KiB), with room to notice a larger one. */
export const MAX_DATAGRAM = 65_536

/** Type of a message that asks for, or describes, sockets; and of one that asks to close a socket. */
export const SOCK_DIAG_BY_FAMILY = 20
const SOCK_DESTROY = 21
const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_DUMP = 0x300

/** Bytes of `struct nlmsghdr`. */
export const HEADER = 16
/** Bytes of a header and a `struct inet_diag_req_v2`. */
const REQUEST = HEADER + 56
/** The attribute that holds `struct tcp_info`. */
export const ATTRIBUTE_INFO = 2

const IPPROTO = { tcp: 6, udp: 17 } as const
/** Address family numbers (linux/socket.h). */
export const AF = { 4: 2, 6: 10 } as const

/** All states, of which the kernel knows 1 (ESTABLISHED) to 12 (NEW-SYN-RECV). */
const ALL_STATES = 0xffff_ffff
const STATES = [
  'UNKNOWN',
  'ESTABLISHED',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'SYN-RECV',
] as const

/** The name of a kernel state number (include/net/tcp_states.h), as in RFC 9293 and as ss writes it. */
export function stateName(state: number): string {
  return STATES[state] ?? 'UNKNOWN'
}

/** Which sockets a dump asks for. */
export interface DumpRequest {
  readonly family: 4 | 6
  readonly protocol: 'tcp' | 'udp'
}

/** One socket as the kernel describes it. Flat and light: there may be a hundred thousand. */
export interface DiagSocket {
  readonly protocol: 'tcp' | 'udp'
  /** The socket's own family; an IPv6 socket may talk to an IPv4 address. */
  readonly family: 4 | 6
  readonly state: string
  readonly local: string
  readonly localPort: number
  readonly remote: string
  readonly remotePort: number
  /** Index of the network device it is bound to; 0 for any. */
  readonly device: number
  /** The kernel's 64-bit name for this very socket, in two halves. */
  readonly cookieLow: number
  readonly cookieHigh: number
  /** 0 none, 1 retransmission, 2 keep-alive, 3 TIME-WAIT, 4 zero window probe. */
  readonly timer: number
  /** How often the oldest segment was sent again, or the window probed. */
  readonly retransmits: number
  /** Bytes to be read by our process; for LISTEN the connections to be accepted. */
  readonly receiveQueue: number
  /** Bytes the remote has not acknowledged; for LISTEN the most connections that may wait. */
  readonly sendQueue: number
  readonly uid: number
  /** 0: no process holds it (any more, or yet). */
  readonly inode: number
  /** Id of its control group, which is the inode number of the group's folder; null when the kernel does not say. */
  readonly cgroup: number | null
  /** Milliseconds since data was last sent and received, counted from the connect when there was none; null: unknown. */
  readonly lastSent: number | null
  readonly lastReceived: number | null
  /** Milliseconds since anything came from the remote, be it only an acknowledgement or its FIN; null: unknown. */
  readonly lastHeard: number | null
  /** Bytes of data, without retransmissions; null: unknown. */
  readonly bytesSent: number | null
  readonly bytesReceived: number | null
}

/** What is needed to name one socket to the kernel. */
export type SocketName = Pick<
  DiagSocket,
  'protocol' | 'family' | 'local' | 'localPort' | 'remote' | 'remotePort' | 'device' | 'cookieLow' | 'cookieHigh'
>

/** Whether this machine's numbers have the low byte first. */
export const LITTLE: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

function request(type: number, flags: number, sequence: number, query: DumpRequest, little: boolean): DataView {
  const view = new DataView(new ArrayBuffer(REQUEST))
  view.setUint32(0, REQUEST, little)
  view.setUint16(4, type, little)
  view.setUint16(6, NLM_F_REQUEST | flags, little)
  view.setUint32(8, sequence, little)
  view.setUint8(HEADER, AF[query.family])
  view.setUint8(HEADER + 1, IPPROTO[query.protocol])
  return view
}

/** The request for all sockets of one family and protocol, with tcp_info. */
export function encodeDump(query: DumpRequest, sequence: number, little: boolean = LITTLE): Uint8Array {
  const view = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sequence, query, little)
  view.setUint8(HEADER + 2, 1 << (ATTRIBUTE_INFO - 1))
  view.setUint32(HEADER + 4, ALL_STATES, little)
  return new Uint8Array(view.buffer)
}

/** The request to abort exactly this socket; its process gets ECONNABORTED, the remote a reset. */
export function encodeDestroy(socket: SocketName, sequence: number, little: boolean = LITTLE): Uint8Array {
  const view = request(SOCK_DESTROY, NLM_F_ACK, sequence, socket, little)
  const bytes = new Uint8Array(view.buffer)
  view.setUint32(HEADER + 4, ALL_STATES, little)
  view.setUint16(HEADER + 8, socket.localPort)
  view.setUint16(HEADER + 10, socket.remotePort)
  bytes.set(addressOf(socket.local, socket.family), HEADER + 12)
  bytes.set(addressOf(socket.remote, socket.family), HEADER + 28)
  view.setUint32(HEADER + 44, socket.device, little)
  view.setUint32(HEADER + 48, socket.cookieLow, little)
  view.setUint32(HEADER + 52, socket.cookieHigh, little)
  return bytes
}

function addressOf(text: string, family: 4 | 6): Uint8Array {
  const bytes = addressBytes(text)
  if (bytes === null || (family === 4 && bytes.length !== 4)) {
    throw new NocError('NOC_NETLINK_ADDRESS', `${text} is not an IPv${family} address.`)
  }
  return family === 6 ? mappedBytes(bytes) : bytes
}
