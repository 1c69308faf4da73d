/** The table of counters that tells what left this machine during a run. Pure: text for nft, and its answer read. */
import type { Targets } from './targets.ts'

/** Packets that were seen to leave by an interface that is not a box's. */
export interface Left {
  readonly interface: string
  readonly source: string
  readonly target: string
  /** `tcp`, `udp`, `icmp` ... */
  readonly protocol: string
  readonly packets: number
}

/** What the counters held at the end. */
export interface Sightings {
  /** To targets of this run. */
  readonly left: readonly Left[]
  /** Questions for this run's names, and for its onion service, to any server. */
  readonly names: readonly Left[]
  readonly texts: readonly Left[]
  readonly onions: readonly Left[]
  /** Anything that came in from a box and went out elsewhere. */
  readonly forwarded: readonly Left[]
}

/** What is watched. */
export interface Watched {
  readonly targets: Targets
  /** Of the process that watches. */
  readonly pid: number
  /** Interfaces that boxes are plugged into; a star at the end stands for any ending. */
  readonly links: readonly string[]
}

/** Name of a table that belongs to the leak test of this process. */
export function tableName(pid: number, what: string): string {
  return `noc_leaktest_${pid}_${what}`
}

/** The process that a table with such a name belongs to; null for any other name. */
export function ownerOf(name: string): number | null {
  const pid = /^noc_leaktest_(\d{1,10})_\w+$/.exec(name)?.[1]
  return pid === undefined ? null : Number(pid)
}

/** After every other table, source NAT included: what is counted here is what leaves, under the address it leaves with. */
const LAST = 400
/** Most different packets that are told apart. */
const MOST_ELEMENTS = 4096

/** What is told apart; each has a set for IPv4 and one for IPv6. */
const SETS = ['left', 'names', 'texts', 'onions', 'forwarded'] as const
type SetName = (typeof SETS)[number]

/** The rule's end that counts a packet in the set, by interface, source, target and protocol. */
function update(set: SetName, family: 'ip' | 'ip6'): string {
  return `update @${set}${family === 'ip' ? 4 : 6} { oifname . ${family} saddr . ${family} daddr . meta l4proto }`
}

/** Both families, for a condition that looks at neither. */
function updates(condition: string, set: SetName): string[] {
  return [`meta nfproto ipv4 ${condition} ${update(set, 'ip')}`, `meta nfproto ipv6 ${condition} ${update(set, 'ip6')}`]
}

/** The whole table as nft reads it. */
export function watchTable({ targets, pid, links }: Watched): string {
  const sets = SETS.flatMap((name) =>
    [4, 6].map(
      (family) =>
        `  set ${name}${family} { type ifname . ipv${family}_addr . ipv${family}_addr . inet_proto; size ${MOST_ELEMENTS}; flags dynamic; counter; }`,
    ),
  )
  const { v4, v6, token, text, onion } = targets
  const rules = [
    ...links.map((link) => `oifname "${link}" return`),
    ...links.flatMap((link) => updates(`iifname "${link}"`, 'forwarded')),
    `ip daddr { ${Object.values(v4).join(', ')} } ${update('left', 'ip')}`,
    `ip6 daddr { ${Object.values(v6).join(', ')} } ${update('left', 'ip6')}`,
    ...updates(asksFor(token), 'names'),
    ...updates(asksFor(text), 'texts'),
    ...updates(asksFor(onion.split('.')[0] ?? ''), 'onions'),
  ]
  return `table inet ${tableName(pid, targets.token)} {
${sets.join('\n')}
  chain out {
    type filter hook postrouting priority ${LAST}; policy accept;
    ${rules.join('\n    ')}
  }
}
`
}

/** Bytes of the headers of UDP (RFC 768) and DNS (RFC 1035); the question's first label follows. */
const HEADER_BITS = (8 + 12) * 8

/** Most bytes that nft compares at once. */
const MOST_BYTES = 16

/** Matches a DNS question over UDP whose first label begins with (a short one: is) `label`, whatever port it goes to. */
function asksFor(label: string): string {
  const bytes = Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]).subarray(0, MOST_BYTES)
  return `meta l4proto udp @th,${HEADER_BITS},${bytes.length * 8} 0x${bytes.toString('hex')}`
}

/** Reads `nft -j list table`; anything unexpected counts as nothing seen of that set. */
export function parseSightings(json: string): Sightings {
  const sets = new Map<string, Left[]>()
  for (const entry of listOf(JSON.parse(json), 'nftables')) {
    const set = field(entry, 'set')
    const name = field(set, 'name')
    if (typeof name === 'string') sets.set(name, listOf(set, 'elem').flatMap(element))
  }
  const both = (name: string): Left[] => [...(sets.get(`${name}4`) ?? []), ...(sets.get(`${name}6`) ?? [])]
  return {
    left: both('left'),
    names: both('names'),
    texts: both('texts'),
    onions: both('onions'),
    forwarded: both('forwarded'),
  }
}

function element(entry: unknown): Left[] {
  const elem = field(entry, 'elem')
  const concat = listOf(field(elem, 'val'), 'concat')
  const packets = field(field(elem, 'counter'), 'packets')
  if (concat.length !== 4 || typeof packets !== 'number') return []
  const [name, source, target, protocol] = concat.map(String) as [string, string, string, string]
  return [{ interface: name, source, target, protocol, packets }]
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = field(value, name)
  return Array.isArray(list) ? list : []
}
