import { ipv4Text, ipv6Text } from '#proto/netlink/address.ts'
import { LITTLE, stateName } from '#proto/netlink/inet-diag.ts'
import { NO_COOKIE, type Socket } from '../socket.ts'

/** `sl local rem st tx:rx tr:when retransmits uid timeout inode`, numbers in hexadecimal but for uid and inode. */
const LINE =
  /^\s*\d+: ([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4}) ([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4}) ([\dA-F]{2}) ([\dA-F]{8}):([\dA-F]{8}) ([\dA-F]{2}):[\dA-F]+ ([\dA-F]+)\s+(\d+)\s+\d+ (\d+) /

/** One line of /proc/net/{tcp,tcp6,udp,udp6} (proc_net_tcp.rst); null when it is none, or cut off. */
export function parseProcLine(line: string, protocol: 'tcp' | 'udp', little: boolean = LITTLE): Socket | null {
  const match = LINE.exec(line)
  if (match === null) return null
  const [, local = '', localPort, remote = '', remotePort, state, sendQueue, receiveQueue, timer, retransmits] = match
  return {
    protocol,
    family: local.length === 8 ? 4 : 6,
    state: stateName(hex(state)),
    local: address(local, little),
    localPort: hex(localPort),
    remote: address(remote, little),
    remotePort: hex(remotePort),
    device: 0,
    cookieLow: NO_COOKIE,
    cookieHigh: NO_COOKIE,
    timer: hex(timer),
    retransmits: hex(retransmits),
    receiveQueue: hex(receiveQueue),
    sendQueue: hex(sendQueue),
    uid: Number(match[10]),
    inode: Number(match[11]),
    cgroup: null,
    lastSent: null,
    lastReceived: null,
    lastHeard: null,
    bytesSent: null,
    bytesReceived: null,
  }
}

function hex(text: string | undefined): number {
  return Number.parseInt(text ?? '', 16)
}

/** Addresses are 32-bit words printed as numbers of this machine's byte order. */
function address(text: string, little: boolean): string {
  const word = (index: number): number => {
    const value = hex(text.slice(index * 8, index * 8 + 8))
    return little ? swap(value) : value
  }
  return text.length === 8 ? ipv4Text(word(0)) : ipv6Text(word(0), word(1), word(2), word(3))
}

function swap(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
