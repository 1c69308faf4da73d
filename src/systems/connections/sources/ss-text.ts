import { NocError } from '#core/errors.ts'
import { normalAddress } from '#proto/netlink/address.ts'
import { NO_COOKIE, type Socket } from '../socket.ts'

/** What ss calls the states where that differs from RFC 9293. */
const STATES: Readonly<Record<string, string>> = { ESTAB: 'ESTABLISHED' }
const KNOWN_STATES =
  /^(?:ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|TIME-WAIT|UNCONN|CLOSE-WAIT|LAST-ACK|LISTEN|CLOSING)$/
const TIMERS: Readonly<Record<string, number>> = { on: 1, keepalive: 2, timewait: 3, persist: 4 }
/** Protocol, state, two queues, local and remote endpoint, then `key:value` details in any order. */
const LINE = /^(tcp|udp)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\S+):(\d+|\*)\s+(\S+):(\d+|\*)(?:\s+(.*))?$/

/** One line of `ss -tuaneoiOH`; throws a NocError that carries the line when it is none. */
export function parseSsLine(line: string): Socket {
  const [, protocol, state = '', receiveQueue, sendQueue, local, localPort, remote, remotePort, rest = ''] =
    LINE.exec(line) ?? []
  if (protocol === undefined || !KNOWN_STATES.test(state)) throw malformed(line)
  const here = address(local ?? '', line)
  const there = address(remote ?? '', line)
  const details = readDetails(rest)
  // tcp_info is there when its retransmission timeout is; zero figures are left out by ss.
  const informed = protocol === 'tcp' && details.has('rto')
  const figure = (key: string): number => Number(details.get(key) ?? 0)
  return {
    protocol: protocol === 'tcp' ? 'tcp' : 'udp',
    family: here.family,
    state: STATES[state] ?? state,
    local: here.ip,
    localPort: port(localPort),
    remote: there.ip,
    remotePort: port(remotePort),
    device: 0,
    ...cookie(details.get('sk')),
    ...timer(details.get('timer')),
    receiveQueue: Number(receiveQueue),
    sendQueue: Number(sendQueue),
    uid: figure('uid'),
    inode: figure('ino'),
    cgroup: details.get('cgroup') ?? null,
    lastSent: informed ? figure('lastsnd') : null,
    lastReceived: informed ? figure('lastrcv') : null,
    lastHeard: informed ? figure('lastack') : null,
    bytesSent: informed ? figure('bytes_sent') - figure('bytes_retrans') : null,
    bytesReceived: informed ? figure('bytes_received') : null,
  }
}

function malformed(line: string): NocError {
  return new NocError('NOC_CONNECTIONS_SS', `ss wrote a line that is not understood: ${line.slice(0, 120)}`)
}

/** The first of equal keys counts: what a control group's name may smuggle in comes later. */
function readDetails(rest: string): Map<string, string> {
  const details = new Map<string, string>()
  for (const word of rest.split(' ')) {
    const colon = word.indexOf(':')
    if (colon < 1) continue
    const key = word.slice(0, colon)
    if (!details.has(key)) details.set(key, word.slice(colon + 1))
  }
  return details
}

/** `127.0.0.1`, `[::1]`, `[fe80::1]%eth0`, `0.0.0.0%lo`, `*` (any address of both families). */
function address(text: string, line: string): { readonly ip: string; readonly family: 4 | 6 } {
  const bare = text.replace(/%.*$/, '').replace(/^\[(.*)\]$/, '$1')
  if (bare === '*') return { ip: '::', family: 6 }
  const ip = normalAddress(bare)
  if (ip === null) throw malformed(line)
  return { ip, family: bare.includes(':') ? 6 : 4 }
}

function port(text: string | undefined): number {
  return text === '*' ? 0 : Number(text)
}

/** `sk:c35a` is the 64-bit cookie in hexadecimal. */
function cookie(text: string | undefined): Pick<Socket, 'cookieLow' | 'cookieHigh'> {
  if (text === undefined || !/^[\da-f]{1,16}$/.test(text)) return { cookieLow: NO_COOKIE, cookieHigh: NO_COOKIE }
  const digits = text.padStart(16, '0')
  return { cookieHigh: Number.parseInt(digits.slice(0, 8), 16), cookieLow: Number.parseInt(digits.slice(8), 16) }
}

/** `timer:(on,036ms,3)`: which, when it fires, how often it did. */
function timer(text: string | undefined): Pick<Socket, 'timer' | 'retransmits'> {
  const [, name = '', count] = /^\((\w+),[^,]*,(\d+)\)$/.exec(text ?? '') ?? []
  return { timer: TIMERS[name] ?? 0, retransmits: Number(count ?? 0) }
}
