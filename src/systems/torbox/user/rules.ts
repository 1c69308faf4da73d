/**
 * What the kernel does with a box's packets, as one nft table, and how its counters are read back.
 *
 * `steer` brings every TCP connection to the forwarder and every query to the resolver without connection tracking,
 * by rewriting single packets so that each reply can be undone from what it carries itself (see addresses.ts).
 * `guard` drops the rest and remembers what it was. Not even without these rules would anything leave: lo is the only
 * interface. They make the network work, fail at once instead of after a time-out, and tell what was tried.
 */
import { boxPorts, OWN_V4, OWN_V6, PORTS_V4, PORTS_V6 } from './addresses.ts'

/** The table's name; family inet. */
export const TABLE = 'noc_box'

/** Different destinations that the guard remembers, of each of its four lists. */
const MAX_REMEMBERED = 256

// Bits into the network header. An IPv4 source is overwritten by 32 bits that end with the wanted port: the TCP header
// begins with source port and destination port. An IPv6 source needs 128 bits, so the window begins inside the IPv6
// header and also ends with the destination port (bit 320 + 32), which is only true when TCP follows immediately.
const V6_PORT_WINDOW = '@nh,224,128'
const V4_DESTINATION_LOW = '@nh,144,16'
const V6_DESTINATION_LOW = '@nh,304,16'

/** `198.19.0.0/16` as the number that nft's arithmetic takes: 0xc6130000. */
function hexOf(bytes: readonly number[]): string {
  return `0x${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
const PORTS_V4_BITS = hexOf([198, 19, 0, 0])
const PORTS_V6_BITS = hexOf([0xfd, 0x6e, 0x6f, 0x63, 0x62, 0x6f, 0x78, 0x01, 0, 0, 0, 0, 0, 0, 0, 0])
const LOW_16_OF_128 = hexOf([...Array.from({ length: 14 }, () => 0), 0xff, 0xff])

/** The table, for `nft -f -`. */
export function boxRules(): string {
  const { forwarder, dns } = boxPorts
  const near4 = `{ 127.0.0.0/8, ${OWN_V4} }`
  const near6 = `{ ::1, ${OWN_V6} }`
  return `table inet ${TABLE} {
  counter dropped { }
  set ports4 { typeof meta l4proto . ip daddr . th dport; size ${MAX_REMEMBERED}; flags dynamic; }
  set ports6 { typeof meta l4proto . ip6 daddr . th dport; size ${MAX_REMEMBERED}; flags dynamic; }
  set hosts4 { typeof meta l4proto . ip daddr; size ${MAX_REMEMBERED}; flags dynamic; }
  set hosts6 { typeof meta l4proto . ip6 daddr; size ${MAX_REMEMBERED}; flags dynamic; }

  chain steer {
    type filter hook output priority raw; policy accept;
    ip daddr ${PORTS_V4} tcp sport ${forwarder} tcp sport set ${V4_DESTINATION_LOW} accept
    ip6 daddr ${PORTS_V6} tcp sport ${forwarder} tcp sport set ${V6_DESTINATION_LOW} accept
    ip saddr 127.0.0.1 udp sport ${dns} ip daddr != ${near4} ip saddr set ip daddr ip daddr set ${OWN_V4} accept
    ip6 saddr ::1 udp sport ${dns} ip6 daddr != ${near6} ip6 saddr set ip6 daddr ip6 daddr set ${OWN_V6} accept
    ip daddr ${near4} accept
    ip6 daddr ${near6} accept
    ip protocol udp udp dport ${dns} ip saddr set ip daddr ip daddr set 127.0.0.1 accept
    ip6 nexthdr udp udp dport ${dns} ip6 saddr set ip6 daddr ip6 daddr set ::1 accept
    ip protocol tcp ip saddr set @th,0,32 & 0x0000ffff | ${PORTS_V4_BITS} tcp dport set ${forwarder} accept
    ip6 nexthdr tcp ip6 saddr set ${V6_PORT_WINDOW} & ${LOW_16_OF_128} | ${PORTS_V6_BITS} tcp dport set ${forwarder} accept
  }
  chain guard {
    type filter hook output priority filter; policy drop;
    ip saddr ${PORTS_V4} tcp dport ${forwarder} accept
    ip6 saddr ${PORTS_V6} tcp dport ${forwarder} accept
    ip daddr { 127.0.0.0/8, ${OWN_V4}, ${PORTS_V4} } accept
    ip6 daddr { ::1, ${OWN_V6}, ${PORTS_V6} } accept
    counter name dropped
    meta l4proto { udp, udplite, sctp, dccp } add @ports4 { meta l4proto . ip daddr . th dport counter } drop
    meta l4proto { udp, udplite, sctp, dccp } add @ports6 { meta l4proto . ip6 daddr . th dport counter } drop
    add @hosts4 { meta l4proto . ip daddr counter } drop
    add @hosts6 { meta l4proto . ip6 daddr counter } drop
  }
  chain home {
    type filter hook input priority filter; policy accept;
    ip daddr ${PORTS_V4} ip daddr set ${OWN_V4}
    ip6 daddr ${PORTS_V6} ip6 daddr set ${OWN_V6}
  }
}
`
}

/** What a program of the box tried and the guard dropped. */
export interface DroppedPackets {
  /** `udp`, `icmp`, `ipv6-icmp` ... or its number. */
  readonly protocol: string
  readonly address: string
  /** Null where the protocol has none. */
  readonly port: number | null
  readonly packets: number
}

/** What the guard dropped since the box started. */
export interface GuardCounts {
  readonly packets: number
  /** By destination, the most packets first; no more than the lists hold, `packets` counts all. */
  readonly dropped: readonly DroppedPackets[]
}

/** Reads `nft -j list table inet noc_box`; null when it is not that. */
export function parseGuard(json: string): GuardCounts | null {
  const items = parseJson(json)
  if (items === null) return null
  let packets: number | null = null
  const dropped: DroppedPackets[] = []
  for (const item of items) {
    if (isRecord(item['counter']) && item['counter']['name'] === 'dropped') packets = Number(item['counter']['packets'])
    if (isRecord(item['set']) && Array.isArray(item['set']['elem'])) dropped.push(...item['set']['elem'].flatMap(entry))
  }
  if (packets === null || !Number.isFinite(packets)) return null
  return { packets, dropped: dropped.toSorted((a, b) => b.packets - a.packets) }
}

function entry(element: unknown): DroppedPackets[] {
  const elem = isRecord(element) ? element['elem'] : undefined
  if (!isRecord(elem) || !isRecord(elem['val']) || !isRecord(elem['counter'])) return []
  const key = elem['val']['concat']
  const packets = Number(elem['counter']['packets'])
  if (!Array.isArray(key) || !Number.isFinite(packets)) return []
  const [protocol, address, port] = key as readonly unknown[]
  return [
    { protocol: String(protocol), address: String(address), port: port === undefined ? null : Number(port), packets },
  ]
}

function parseJson(text: string): readonly Record<string, unknown>[] | null {
  try {
    const document: unknown = JSON.parse(text)
    if (!isRecord(document) || !Array.isArray(document['nftables'])) return null
    return document['nftables'].filter(isRecord)
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
