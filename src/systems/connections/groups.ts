import { type Socket, hasNoPeer, idleMs, keepAlive } from './socket.ts'
import type { ConnectionGroup } from './wire.ts'

/** By what connections may be grouped. Protocol and direction always count. */
export const KEYS = ['host', 'port', 'process', 'unit', 'user', 'state'] as const
export type Key = (typeof KEYS)[number]

/** What else is known about a socket. */
export interface Facts {
  readonly process: string | null
  readonly pid: number | null
  readonly unit: string | null
  readonly user: string | null
}

/** Sockets that belong together. A field by which was not grouped holds what all of them share, or null. */
export interface Group {
  /** Same connections, same key, from look to look. */
  readonly key: string
  readonly protocol: 'tcp' | 'udp'
  readonly direction: 'out' | 'in'
  readonly host: string | null
  /** The service's port: the remote's for outgoing connections, our own for incoming ones. */
  readonly port: number | null
  readonly process: string | null
  readonly unit: string | null
  readonly user: string | null
  readonly state: string | null
  readonly members: readonly Socket[]
  readonly pids: ReadonlySet<number>
}

interface Open extends Group {
  readonly members: Socket[]
  readonly pids: Set<number>
}

/** Most process numbers that a group shows (wire.ts). */
const MAX_PIDS = 1000

/** All connections by everything there is to group by. Sockets without a peer are left out. */
export function groupSockets(
  sockets: readonly Socket[],
  factsOf: (socket: Socket, listener: Socket | null) => Facts,
): Group[] {
  const listenerOf = listeners(sockets)
  const groups: Open[] = []
  const byPlace = new Map<string, Map<number, Open[]>>()
  for (const socket of sockets) {
    if (hasNoPeer(socket)) continue
    const listener = listenerOf(socket)
    const incoming = listener !== null || (socket.localPort < 1024 && socket.remotePort >= 1024)
    // What nobody has accepted yet belongs to whoever listens.
    const waiting = socket.inode === 0 && (socket.state === 'ESTABLISHED' || socket.state === 'CLOSE-WAIT')
    const facts = factsOf(socket, waiting ? listener : null)
    const direction = incoming ? 'in' : 'out'
    const port = incoming ? socket.localPort : socket.remotePort
    const ports = byPlace.get(socket.remote) ?? new Map<number, Open[]>()
    if (ports.size === 0) byPlace.set(socket.remote, ports)
    const here = ports.get(port) ?? []
    if (here.length === 0) ports.set(port, here)
    let group = here.find((one) => belongs(one, socket, direction, facts))
    if (group === undefined) {
      group = openGroup(socket, direction, port, facts)
      here.push(group)
      groups.push(group)
    }
    group.members.push(socket)
    if (facts.pid !== null && group.pids.size < MAX_PIDS) group.pids.add(facts.pid)
  }
  return groups.toSorted(biggestFirst)
}

function belongs(group: Open, { state, protocol }: Socket, direction: 'in' | 'out', facts: Facts): boolean {
  return (
    group.state === state &&
    group.direction === direction &&
    group.protocol === protocol &&
    group.process === facts.process &&
    group.unit === facts.unit &&
    group.user === facts.user
  )
}

function openGroup({ protocol, remote, state }: Socket, direction: 'in' | 'out', port: number, facts: Facts): Open {
  const { process, unit, user } = facts
  const key = [protocol, direction, remote, port, process, unit, user, state].join('\u0000')
  return { key, protocol, direction, host: remote, port, process, unit, user, state, members: [], pids: new Set() }
}

function biggestFirst(a: Group, b: Group): number {
  return b.members.length - a.members.length
}

/** Finds the listening socket that a connection came in by. */
function listeners(sockets: readonly Socket[]): (socket: Socket) => Socket | null {
  const byPort = new Map<number, Socket[]>()
  for (const socket of sockets) {
    if (!hasNoPeer(socket) || socket.localPort === 0) continue
    const others = byPort.get(socket.localPort)
    if (others === undefined) byPort.set(socket.localPort, [socket])
    else others.push(socket)
  }
  return (socket) => {
    const candidates = byPort.get(socket.localPort)
    if (candidates === undefined) return null
    const fits = (listener: Socket): boolean =>
      listener.protocol === socket.protocol &&
      (listener.local === socket.local || listener.local === '0.0.0.0' || listener.local === '::')
    return candidates.find(fits) ?? null
  }
}

/** The same connections by fewer keys. */
export function regroup(groups: readonly Group[], keys: readonly Key[]): Group[] {
  if (KEYS.every((key) => keys.includes(key))) return [...groups]
  const merged = new Map<string, Group[]>()
  for (const group of groups) {
    const key = [group.protocol, group.direction, ...keys.map((name) => group[name])].join('\u0000')
    const others = merged.get(key)
    if (others === undefined) merged.set(key, [group])
    else others.push(group)
  }
  return [...merged].map(([key, parts]) => merge(key, parts)).toSorted(biggestFirst)
}

function merge(key: string, parts: readonly Group[]): Group {
  const [first, ...rest] = parts as readonly [Group, ...Group[]]
  if (rest.length === 0) return { ...first, key }
  const common = <K extends Key>(name: K): Group[K] | null =>
    rest.every((part) => part[name] === first[name]) ? first[name] : null
  return {
    key,
    protocol: first.protocol,
    direction: first.direction,
    host: common('host'),
    port: common('port'),
    process: common('process'),
    unit: common('unit'),
    user: common('user'),
    state: common('state'),
    members: parts.flatMap((part) => part.members),
    pids: new Set(parts.flatMap((part) => [...part.pids]).slice(0, MAX_PIDS)),
  }
}

/** What has to be known over time about a group's sockets. */
export interface GroupHistory {
  readonly growthPerMinute: number | null
  age(socket: Socket): number | null
  /** Its name by reverse DNS. */
  readonly name: string | null
}

/** A group as it is shown. What not all members tell is null. */
export function describeGroup(group: Group, history: GroupHistory): ConnectionGroup {
  const { members } = group
  const idle = idleTimes(members)
  const ages = members.map((socket) => history.age(socket)).filter((age) => age !== null)
  return {
    remote: { ip: group.host ?? '*', port: group.direction === 'out' ? group.port : null, name: history.name },
    localPort: group.direction === 'in' ? group.port : null,
    direction: group.direction,
    protocol: group.protocol,
    process: group.process,
    unit: group.unit,
    user: group.user,
    state: group.state ?? '*',
    count: members.length,
    growthPerMinute: history.growthPerMinute,
    idleMedianMs: idle.length === 0 ? null : median(idle),
    idleMaxMs: idle.at(-1) ?? null,
    ageMaxMs: ages.length === 0 ? null : ages.reduce((a, b) => Math.max(a, b)),
    keepAlive: allKeepAlive(members),
    bytesReceived: sum(members, (socket) => socket.bytesReceived),
    bytesSent: sum(members, (socket) => socket.bytesSent),
    receiveQueue: sum(members, (socket) => socket.receiveQueue) ?? 0,
    sendQueue: sum(members, (socket) => socket.sendQueue) ?? 0,
    pids: [...group.pids],
  }
}

/** Idle times that are known, the shortest first, in milliseconds. */
export function idleTimes(sockets: readonly Socket[]): Float64Array {
  const times = new Float64Array(sockets.length)
  let known = 0
  for (const socket of sockets) {
    const idle = idleMs(socket)
    if (idle !== null) times[known++] = idle
  }
  return times.subarray(0, known).toSorted()
}

/** The middle of sorted values: the lower of two middles, so that it is a value that occurs. */
export function median(sorted: Float64Array): number {
  return sorted[(sorted.length - 1) >> 1] ?? 0
}

/** True when all of which it is known probe, false when one does not, null when it is known of none. */
export function allKeepAlive(sockets: readonly Socket[]): boolean | null {
  const known = sockets.map(keepAlive).filter((on) => on !== null)
  return known.length === 0 ? null : known.every((on) => on)
}

/** The sum, or null when one of them does not tell. */
export function sum(sockets: readonly Socket[], figure: (socket: Socket) => number | null): number | null {
  let total = 0
  for (const socket of sockets) {
    const value = figure(socket)
    if (value === null) return null
    total += value
  }
  return total
}

/** How many sockets are in each state. */
export function countStates(sockets: readonly Socket[]): Record<string, number> {
  const states: Record<string, number> = {}
  for (const { state } of sockets) states[state] = (states[state] ?? 0) + 1
  return states
}
