/** What the guard's counters and sets hold, read from nft's JSON. Pure. */
import { type DROP_REASONS, TRIED_SETS, counterName } from '../rules.ts'
import type { DropReason } from '../wire.ts'

/** Somebody's attempts at one target. */
export interface Attempt {
  /** Address of the box. */
  readonly source: string
  readonly protocol: string
  readonly target: string
  /** null for protocols without ports. */
  readonly port: number | null
  readonly packets: number
}

/** What the guard has dropped since its rules were loaded. */
export interface GuardLook {
  /** Those for which something was dropped, the most first. */
  readonly reasons: readonly DropReason[]
  /** The most first. */
  readonly attempts: readonly Attempt[]
}

/** What a counter means; `outside` and `inward` are not the boxes' doing. */
const MEANINGS: Readonly<Record<(typeof DROP_REASONS)['bridge' | 'inet'][number], string>> = {
  ipv6: 'IPv6, which Tor does not carry for a box',
  spoofed: "from an address that is not the box's own",
  host: 'to this machine or another box',
  udp: 'UDP, which Tor does not carry',
  icmp: 'ICMP (ping), which Tor does not carry',
  other: 'another protocol, which Tor does not carry',
  direct: 'TCP that did not begin through Tor',
  stray: 'of no connection that is known',
  inward: 'into a box, from this machine or beyond',
  outside: "to tor's ports on the bridge, from elsewhere than a box",
}

/** Reads the answers to `nft -j list table inet ...` and `nft -j list counters table bridge ...`. */
export function parseGuard(...answers: readonly string[]): GuardLook {
  const entries = answers.flatMap((json) => list(JSON.parse(json), 'nftables'))
  const counters = entries.map((entry) => field(entry, 'counter'))
  const sets = entries.map((entry) => field(entry, 'set'))
  const names: readonly string[] = Object.values(TRIED_SETS)
  const reasons = Object.entries(MEANINGS).map(([reason, what]) => {
    const own = counters.filter((counter) => field(counter, 'name') === counterName(reason))
    return { reason, what, packets: own.reduce<number>((sum, counter) => sum + (packetsOf(counter) ?? 0), 0) }
  })
  const attempts = sets.filter((set) => names.includes(String(field(set, 'name')))).flatMap((set) => list(set, 'elem'))
  const most = (a: { packets: number }, b: { packets: number }): number => b.packets - a.packets
  return {
    reasons: reasons.filter((one) => one.packets > 0).toSorted(most),
    attempts: attempts.flatMap(attempt).toSorted(most),
  }
}

/** source . protocol . destination [. port] */
function attempt(entry: unknown): Attempt[] {
  const elem = field(entry, 'elem')
  const [source, protocol, target, port] = list(field(elem, 'val'), 'concat')
  const packets = packetsOf(field(elem, 'counter'))
  if (typeof source !== 'string' || typeof target !== 'string' || packets === null) return []
  return [{ source, protocol: String(protocol), target, port: typeof port === 'number' ? port : null, packets }]
}

function packetsOf(counter: unknown): number | null {
  const packets = field(counter, 'packets')
  return typeof packets === 'number' ? packets : null
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name)
  return Array.isArray(found) ? found : []
}
