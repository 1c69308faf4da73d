/** Which tasks the rows of the leak test are made of. Pure. */
import type { ProbeId } from './probes.ts'
import type { Targets } from './targets.ts'
import type { ArrangeTask, Task } from './tasks.ts'

/** All that the tasks depend on. */
export interface Surroundings {
  readonly targets: Targets
  /** Port of the service on the host that notes who came. */
  readonly servicePort: number
  /** This machine's addresses: those that the box's network ends at, and the others. */
  readonly gateway: string | null
  readonly gatewayLinkLocal: string | null
  readonly hostAddresses: readonly string[]
  /** Of the throw-away box, and of the second one. */
  readonly address: string | null
  readonly otherAddress: string | null
  readonly otherPort: number
  /** Listening sockets in the host's file system. */
  readonly sockets: readonly string[]
}

/** Longest wait of a probe that expects no answer, ms: two SYNs, and far more than any local answer takes. */
export const SILENCE_MS = 2000
/** Longest wait for an answer through Tor, ms; a circuit may have to be built. */
export const THROUGH_MS = 10_000
/** Milliseconds that the second box listens: it starts before the first one calls it, and ends after. */
const LISTEN_MS = 2 * SILENCE_MS

const QUIC_PORT = 443
const DNS_PORT = 53
const OTHER_DNS_PORT = 5300

/** `id` of a task: the row, then what tells its tasks apart. */
function name(row: ProbeId, what: string): string {
  return `${row}/${what}`
}

/** The row that a task belongs to. */
export function rowOf(taskId: string): string {
  return taskId.split('/')[0] ?? ''
}

/** What a probe says, so that a listener knows whose it is: `run:row`. */
export function tokenFor({ token }: Targets, row: ProbeId): string {
  return `${token}:${row}`
}

function tcp(
  s: Surroundings,
  row: ProbeId,
  host: string,
  port: number,
  more: { from?: string; what?: string } = {},
): Task {
  const { what = `TCP ${host}`, ...from } = more
  return { do: 'tcp', id: name(row, what), host, port, token: tokenFor(s.targets, row), timeoutMs: SILENCE_MS, ...from }
}
function udp(s: Surroundings, row: ProbeId, host: string, port: number, more: { from?: string } = {}): Task {
  const id = name(row, `UDP ${host} ${port}`)
  return { do: 'udp', id, host, port, token: tokenFor(s.targets, row), timeoutMs: SILENCE_MS, ...more }
}
function dns(s: Surroundings, row: ProbeId, type: 'A' | 'AAAA' | 'TXT', server?: { host: string; port: number }): Task {
  // A question that Tor can't carry has a name of its own: no exit will ever ask for it.
  const asked = type === 'TXT' ? `${s.targets.text}.invalid` : s.targets.name
  const where = server === undefined ? {} : { server }
  const timeoutMs = server === undefined ? THROUGH_MS : SILENCE_MS
  return { do: 'dns', id: name(row, type), timeoutMs, name: asked, type, ...where }
}
function ping(row: ProbeId, host: string): Task {
  return { do: 'ping', id: name(row, `ping ${host}`), host, timeoutMs: SILENCE_MS }
}

/** What an application in the box tries. */
export function applicationTasks(s: Surroundings): readonly Task[] {
  const { targets, servicePort, gateway, otherAddress, otherPort } = s
  const { v4, v6, port } = targets
  return [
    { do: 'look', id: 'look', timeoutMs: SILENCE_MS },
    tcp(s, 'tcp-name', targets.onion, port),
    tcp(s, 'tcp-address', v4['tcp-address'], port),
    dns(s, 'dns-a', 'A'),
    dns(s, 'dns-aaaa', 'AAAA'),
    dns(s, 'dns-txt', 'TXT'),
    dns(s, 'dns-server', 'A', { host: v4['dns-server'], port: DNS_PORT }),
    dns(s, 'dns-port', 'A', { host: v4['dns-port'], port: OTHER_DNS_PORT }),
    udp(s, 'udp', v4.udp, QUIC_PORT),
    udp(s, 'udp', v4.udp, port),
    tcp(s, 'ipv6', v6.ipv6, port),
    udp(s, 'ipv6', v6.ipv6, port),
    ...(gateway === null ? [] : [tcp(s, 'host-tcp', gateway, servicePort)]),
    ...s.hostAddresses.map((address) => udp(s, 'host-udp', address, servicePort)),
    ...(otherAddress === null
      ? []
      : [tcp(s, 'box-to-box', otherAddress, otherPort), udp(s, 'box-to-box', otherAddress, otherPort)]),
    ...s.sockets.map((path): Task => ({ do: 'unix', id: name('sockets', path), path, timeoutMs: SILENCE_MS })),
  ]
}

/** What needs root in the box, its network as it is. */
export function pingTasks(s: Surroundings): readonly Task[] {
  return [
    ping('icmp', s.targets.v4.icmp),
    ...s.hostAddresses.map((address) => ping('host-ping', address)),
    ...(s.otherAddress === null ? [] : [ping('box-to-box', s.otherAddress)]),
  ]
}

/** What the second box does meanwhile. */
export function listenTasks(s: Surroundings): readonly Task[] {
  return [{ do: 'listen', id: 'listen', port: s.otherPort, timeoutMs: LISTEN_MS }]
}

/** Takes the second box off the network: nobody else must answer under its address when it is stolen. */
export const unplugTask: ArrangeTask = {
  do: 'arrange',
  id: 'unplug',
  timeoutMs: SILENCE_MS,
  files: [],
  commands: [['ip', 'link', 'set', '*', 'down']],
}

/** How root in the box sets up its network before the next tasks. */
export function arrangement(s: Surroundings): ArrangeTask {
  const { gateway, gatewayLinkLocal, targets } = s
  const base = { do: 'arrange', id: 'arrange', timeoutMs: SILENCE_MS } as const
  // A box without a network of its own: all that root in it can do is to take its rules away.
  if (gateway === null) return { ...base, files: [], commands: [['nft', 'flush', 'ruleset']] }
  const own = `${targets.v6Prefix.replace(/::\/64$/, '')}::ff`
  const on = (key: string, value: string): readonly [string, string][] =>
    ['all', '*'].map((place) => [`/proc/sys/net/${key.replace('*', place)}`, value])
  return {
    ...base,
    files: [
      ...on('ipv6/conf/*/disable_ipv6', '0'),
      ...on('ipv6/conf/*/accept_dad', '0'),
      ...on('ipv4/conf/*/route_localnet', '1'),
    ],
    commands: [
      ['nft', 'flush', 'ruleset'],
      // To pass for the other box.
      ...(s.otherAddress === null ? [] : [['ip', 'address', 'add', `${s.otherAddress}/32`, 'dev', '*']]),
      // IPv6: a global address, and the host as the way out.
      ['ip', 'address', 'add', `${own}/128`, 'dev', '*', 'nodad'],
      ...(gatewayLinkLocal === null
        ? []
        : [['ip', '-6', 'route', 'replace', 'default', 'via', gatewayLinkLocal, 'dev', '*']]),
      // The host's loopback, as if it were a network behind it.
      ['ip', 'route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local'],
      ['ip', 'route', 'del', 'local', '127.0.0.1', 'dev', 'lo', 'table', 'local'],
      ['ip', 'route', 'replace', '127.0.0.0/8', 'via', gateway, 'dev', '*'],
      // A route by way of another address of the host, on the same wire.
      ...s.hostAddresses
        .filter((address) => address !== gateway && !address.includes(':'))
        .slice(0, 1)
        .map((address) => ['ip', 'route', 'replace', targets.v4['root-routes'], 'via', address, 'dev', '*', 'onlink']),
    ],
  }
}

/** What root in the box tries then. */
export function rootTasks(s: Surroundings): readonly Task[] {
  const { targets, servicePort, gateway, otherAddress } = s
  const { v4, v6, port } = targets
  const from = s.address === null ? {} : { from: s.address }
  const six = s.hostAddresses.filter((address) => address.includes(':'))
  return [
    tcp(s, 'ipv6', v6.ipv6, port, { what: 'TCP as root' }),
    udp(s, 'ipv6', v6.ipv6, port + 1),
    ping('ipv6', v6.ipv6),
    udp(s, 'root-routes', v4['root-routes'], port),
    ping('root-routes', v4['root-routes']),
    ...six.flatMap((address) => [tcp(s, 'host-tcp', address, servicePort), udp(s, 'host-udp', address, servicePort)]),
    ...linkLocalTasks(s),
    ...(gateway === null
      ? []
      : [tcp(s, 'host-loopback', LOOPBACK, servicePort, from), udp(s, 'host-loopback', LOOPBACK, servicePort, from)]),
    ...(otherAddress === null
      ? []
      : [
          tcp(s, 'spoof', v4.spoof, port, { from: otherAddress }),
          // A question for a neighbour tells everybody on the link whose address this now is (RFC 826).
          udp(s, 'spoof', besides(otherAddress), port, { from: otherAddress }),
        ]),
  ]
}

/** The address after it, or the one before. */
function besides(address: string): string {
  const [, network = '', last = '0'] = /^(.*\.)(\d+)$/.exec(address) ?? []
  return `${network}${Number(last) + (Number(last) < 254 ? 1 : -1)}`
}

function linkLocalTasks(s: Surroundings): readonly Task[] {
  if (s.gateway === null) return []
  const all = udp(s, 'ipv6-link-local', `${ALL_NODES}%*`, s.servicePort)
  if (s.gatewayLinkLocal === null) return [all]
  const host = `${s.gatewayLinkLocal}%*`
  return [
    all,
    udp(s, 'ipv6-link-local', host, s.servicePort),
    tcp(s, 'ipv6-link-local', host, s.servicePort),
    ping('ipv6-link-local', host),
  ]
}

/** What an application tries while something is broken. */
export function troubleTasks(s: Surroundings, row: 'tor-stopped' | 'tor-restarted' | 'rules-flushed'): readonly Task[] {
  const target = s.targets.v4[row]
  return [
    tcp(s, row, target, HTTPS_PORT),
    tcp(s, row, target, s.targets.port),
    udp(s, row, target, DNS_PORT),
    udp(s, row, target, s.targets.port),
    dns(s, row, 'A'),
  ]
}

/** Pings while there are no rules. */
export function flushedPings(s: Surroundings): readonly Task[] {
  return [ping('rules-flushed', s.targets.v4['rules-flushed'])]
}

/** Flows that begin while there are no rules and go on when they are back; `timeoutMs` covers both. */
export function flowTasks(s: Surroundings, timeoutMs: number): readonly Task[] {
  const target = s.targets.v4['flow-before']
  return [
    tcp(s, 'flow-before', target, HTTPS_PORT),
    udp(s, 'flow-before', target, DNS_PORT),
    udp(s, 'flow-before', target, s.targets.port),
  ].map((task) => ({ ...task, timeoutMs }))
}

/** One look whether the box is served again. */
export function backTasks(s: Surroundings): readonly Task[] {
  return [tcp(s, 'tor-restarted', s.targets.v4['tor-restarted'], s.targets.port, { what: 'again' })]
}

const HTTPS_PORT = 443
const LOOPBACK = '127.0.0.1'
/** All nodes on the link (RFC 4291, section 2.7.1). */
const ALL_NODES = 'ff02::1'
