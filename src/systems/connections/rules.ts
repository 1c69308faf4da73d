import type { Group, Key } from './groups.ts'
import { type Socket, identity, idleMs } from './socket.ts'

/** The ways in which connections get stuck. */
export type Kind =
  | 'hang'
  | 'unanswered'
  | 'syn-sent'
  | 'close-wait'
  | 'unaccepted'
  | 'unread'
  | 'unsent'
  | 'silent'
  | 'idle'

/** What a rule may know beside the sockets. */
export interface RuleContext {
  /** Milliseconds without an answer that make a connection stuck. */
  readonly silentAfter: number
  /** Connections that make a critical finding. */
  readonly critical: number
  readonly growthPerMinute: number | null
  /** How long a socket has been there at least; null on the first look. */
  age(socket: Socket): number | null
  /** Identities of the group's never-answered connections in the look before; null when there was none. */
  readonly silentBefore: ReadonlySet<number | string> | null
}

/** One way of being stuck: where to look, how many it takes, which sockets count. */
export interface Rule {
  readonly kind: Kind
  readonly direction: 'out' | 'in' | 'any'
  readonly state: string
  /** What belongs together for this rule. */
  readonly keys: readonly Key[]
  /** How many times the configured number it takes: the more often the picture is harmless, the more. */
  readonly factor: number
  stuck(group: Group, cx: RuleContext): readonly Socket[]
}

/** One program to one remote service, or from one host to our service. */
const BY_REMOTE: readonly Key[] = ['host', 'port', 'process', 'state']
/** One service of ours, whoever talks to it. */
const BY_SERVICE: readonly Key[] = ['port', 'process', 'state']

/** Having said something once and then waiting is normal for longer than never having been answered at all. */
const PATIENCE = 5
/** Milliseconds for which a crowd that moves not at all between two looks counts as hanging already. */
const CROWD_IDLE_MS = 3000
/** With these a first connect packet was lost for three seconds at least. */
const LOST_SYNS = 2
/** As many repetitions take more than three seconds even on a fast network. */
const LOST_SEGMENTS = 4
/** Idle connections are a leak only when they become more. */
const LEAK_PER_MINUTE = 1

const longer = (time: number | null, than: number): boolean => time !== null && time >= than

/** Connected and never got a byte. */
export function isSilent(socket: Socket): boolean {
  return socket.bytesReceived === 0 && idleMs(socket) !== null
}

const each =
  (test: (socket: Socket, cx: RuleContext) => boolean): Rule['stuck'] =>
  ({ members }, cx) =>
    members.filter((socket) => test(socket, cx))

/** The rule that compares crowds of two looks. */
export const CROWD_RULE: Rule = {
  kind: 'hang',
  direction: 'out',
  state: 'ESTABLISHED',
  keys: BY_REMOTE,
  factor: 1,
  stuck: hanging,
}

/** All rules. A connection may be counted by several; the text of a finding says which. */
export const RULES: readonly Rule[] = [
  CROWD_RULE,
  {
    kind: 'unanswered',
    direction: 'out',
    state: 'ESTABLISHED',
    keys: BY_REMOTE,
    factor: 1,
    // We spoke last. In a pool of idle connections the remote did: it answered.
    stuck: each(
      (s, cx) =>
        !isSilent(s) &&
        longer(s.lastSent, cx.silentAfter * PATIENCE) &&
        s.sendQueue === 0 &&
        longer(s.lastReceived, (s.lastSent ?? 0) + 1),
    ),
  },
  {
    kind: 'syn-sent',
    direction: 'out',
    state: 'SYN-SENT',
    keys: BY_REMOTE,
    factor: 0.5,
    stuck: each((s) => s.retransmits >= LOST_SYNS),
  },
  {
    kind: 'close-wait',
    direction: 'out',
    state: 'CLOSE-WAIT',
    keys: BY_REMOTE,
    factor: 2,
    stuck: each((s, cx) => longer(s.lastHeard ?? cx.age(s), cx.silentAfter * PATIENCE)),
  },
  {
    kind: 'close-wait',
    direction: 'in',
    state: 'CLOSE-WAIT',
    keys: BY_SERVICE,
    factor: 2,
    stuck: each((s, cx) => longer(s.lastHeard ?? cx.age(s), cx.silentAfter * PATIENCE)),
  },
  {
    kind: 'unaccepted',
    direction: 'in',
    state: 'ESTABLISHED',
    keys: BY_SERVICE,
    factor: 0.5,
    stuck: each((s, cx) => s.inode === 0 && longer(s.lastReceived ?? cx.age(s), cx.silentAfter / 2)),
  },
  {
    kind: 'unread',
    direction: 'in',
    state: 'ESTABLISHED',
    keys: BY_SERVICE,
    factor: 2,
    stuck: each((s, cx) => s.inode !== 0 && s.receiveQueue > 0 && longer(s.lastReceived, cx.silentAfter / 2)),
  },
  {
    kind: 'unread',
    direction: 'out',
    state: 'ESTABLISHED',
    keys: BY_REMOTE,
    factor: 2,
    stuck: each((s, cx) => s.receiveQueue > 0 && longer(s.lastReceived, cx.silentAfter / 2)),
  },
  {
    kind: 'unsent',
    direction: 'any',
    state: 'ESTABLISHED',
    keys: BY_REMOTE,
    factor: 1,
    stuck: each(
      (s, cx) =>
        s.sendQueue > 0 &&
        ((s.timer === 4 && longer(s.lastReceived, cx.silentAfter / 2)) ||
          (s.timer === 1 && s.retransmits >= LOST_SEGMENTS)),
    ),
  },
  {
    kind: 'silent',
    direction: 'in',
    state: 'ESTABLISHED',
    keys: BY_REMOTE,
    factor: 5,
    stuck: each((s, cx) => isSilent(s) && s.inode !== 0 && longer(idleMs(s), cx.silentAfter)),
  },
  {
    kind: 'idle',
    direction: 'any',
    state: 'ESTABLISHED',
    keys: BY_REMOTE,
    factor: 10,
    stuck: ({ members }, cx) =>
      longer(cx.growthPerMinute, LEAK_PER_MINUTE)
        ? members.filter((s) => !isSilent(s) && longer(idleMs(s), cx.silentAfter * PATIENCE))
        : [],
  },
]

/**
 * Never answered for long; and when that is most of them, the younger ones too, for they go the same way. Or a crowd,
 * never answered for a few seconds, of which none got an answer or went away between two looks: among a hundred long
 * polls some always end.
 */
function hanging({ members }: Group, cx: RuleContext): readonly Socket[] {
  const silent = members.filter(isSilent)
  const long = silent.filter((socket) => longer(idleMs(socket), cx.silentAfter))
  const crowd = silent.filter((socket) => longer(idleMs(socket), CROWD_IDLE_MS))
  if (long.length * 2 > silent.length) return crowd
  const before = cx.silentBefore
  if (before === null || before.size < cx.critical || crowd.length < cx.critical) return long
  const now = new Set(silent.map(identity))
  return [...before].every((id) => now.has(id)) ? crowd : long
}
