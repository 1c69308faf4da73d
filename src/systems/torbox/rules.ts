/** The rules that let nothing out of a box but what Tor takes, as text for nft. Pure. */
import type { TorboxConfig } from './config.ts'
import { dotted, parseNetwork, seats, type Network } from './root/network.ts'

/** The tables' name, one in the family inet and one in bridge. */
export const TABLE = 'noc_torbox'

/**
 * Why something was dropped, by the table's family; each has a counter, named by `counterName`.
 * `ipv6`: anything of IPv6 (in inet only what came from a port that is not ours). `spoofed`: sent from another address
 * than the box's own. `host`: to the host or to another box. `udp`, `icmp`, `other`: to anywhere else, as Tor carries
 * TCP only. `direct`: TCP that had not gone through Tor from its beginning. `stray`: packets of no known connection.
 * `inward`: from the host or beyond it into a box. `outside`: to tor's ports from elsewhere than a box.
 */
export const DROP_REASONS = {
  bridge: ['ipv6', 'spoofed'],
  inet: ['ipv6', 'host', 'udp', 'icmp', 'other', 'direct', 'stray', 'inward', 'outside'],
} as const

/** The counter of a reason; the bare words mean something to nft. */
export function counterName(reason: string): string {
  return `dropped_${reason}`
}

/** Sets of the inet table that keep who tried what, with a counter for each: address, protocol, address and port. */
export const TRIED_SETS = {
  /** source . protocol . destination . port */
  ports: 'tried',
  /** source . protocol . destination */
  plain: 'tried_plain',
} as const

/** Most attempts that are kept, and for how long after the last packet of each. */
const TRIED_MOST = 4096
const TRIED_TIME = '1h'

/** Elements a line, for people who read the plan. */
const ELEMENTS_A_LINE = 4

/** The network of a configuration; its table has checked that there is one. */
export function networkOf(config: Pick<TorboxConfig, 'address'>): Network {
  const network = parseNetwork(config.address)
  if (network === null) throw new Error(`${config.address} is no network`)
  return network
}

function counters(reasons: readonly string[]): string {
  return reasons.map((reason) => `  counter ${counterName(reason)} { }`).join('\n')
}

function drop(reason: string): string {
  return `counter name ${counterName(reason)} drop`
}

/**
 * Between the braces of `table inet noc_torbox`. Steering comes first (NAT), the guard right after it sees bridged,
 * forwarded and local packets alike, and lets through only what was steered.
 */
export function inetRules(config: TorboxConfig): string {
  const network = networkOf(config)
  const host = dotted(network.address)
  const all = `${dotted(network.base)}/${network.prefix}`
  return `${counters(DROP_REASONS.inet)}
  set ${TRIED_SETS.ports} {
    type ipv4_addr . inet_proto . ipv4_addr . inet_service; size ${TRIED_MOST}; flags dynamic,timeout; timeout ${TRIED_TIME}; counter;
  }
  set ${TRIED_SETS.plain} {
    type ipv4_addr . inet_proto . ipv4_addr; size ${TRIED_MOST}; flags dynamic,timeout; timeout ${TRIED_TIME}; counter;
  }
  chain steer {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${config.bridge}" meta nfproto ipv4 jump steer_box
  }
  chain steer_box {
    ip daddr ${host} tcp dport ${config.socks_port} accept
    udp dport 53 redirect to :${config.dns_port}
    meta l4proto tcp ip daddr != ${all} redirect to :${config.trans_port}
  }
  chain guard {
    type filter hook prerouting priority dstnat + 10; policy accept;
    iifname "${config.bridge}" jump guard_box
    iifname != { "${config.bridge}", "lo" } ip daddr ${host} ${drop('outside')}
  }
  chain guard_box {
    meta nfproto ipv6 ${drop('ipv6')}
    ct status dnat accept
    ip daddr ${host} tcp dport ${config.socks_port} accept
    ct state invalid ${drop('stray')}
    meta l4proto { tcp, udp } update @${TRIED_SETS.ports} { ip saddr . meta l4proto . ip daddr . th dport }
    meta l4proto != { tcp, udp } update @${TRIED_SETS.plain} { ip saddr . meta l4proto . ip daddr }
    ip daddr ${all} ${drop('host')}
    meta l4proto tcp ${drop('direct')}
    meta l4proto udp ${drop('udp')}
    meta l4proto icmp ${drop('icmp')}
    ${drop('other')}
  }
  chain guard_out {
    type filter hook postrouting priority srcnat - 10; policy accept;
    oifname "${config.bridge}" ct direction reply accept
    oifname "${config.bridge}" ${drop('inward')}
  }`
}

/** Between the braces of `table bridge noc_torbox`: each box speaks IPv4, and only from its own address. */
export function bridgeRules(config: TorboxConfig): string {
  const pairs = seats(config.bridge, networkOf(config)).map(({ port, address }) => `"${port}" . ${address}`)
  const lines: string[] = []
  for (let at = 0; at < pairs.length; at += ELEMENTS_A_LINE)
    lines.push(pairs.slice(at, at + ELEMENTS_A_LINE).join(', '))
  return `${counters(DROP_REASONS.bridge)}
  set seats {
    type ifname . ipv4_addr
    elements = { ${lines.join(',\n      ')} }
  }
  chain port {
    type filter hook prerouting priority -300; policy accept;
    iifname "${config.bridge}-*" jump port_box
  }
  chain port_box {
    iifname . ip saddr @seats accept
    iifname . arp saddr ip @seats accept
    meta protocol ip6 ${drop('ipv6')}
    ${drop('spoofed')}
  }`
}
