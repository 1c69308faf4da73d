/** What crosses a link, counted by the kernel: every packet, none lost, by where it came from and went to. */

/** Packets of one kind between two addresses. */
export interface Flow {
  readonly source: string
  readonly destination: string
  /** `tcp`, `udp`, `icmp`, `ipv6-icmp` ... as nft names it, or its number. */
  readonly protocol: string
  /** Destination port of TCP and UDP; null for other protocols and for fragments. */
  readonly port: number | null
  readonly packets: number
  readonly bytes: number
}

const TABLE = 'watch'

/** nft rules that count what comes in at `device`, before anything else sees it. */
export function captureRules(device: string): string {
  const [v4, v6] = [familyRules('ip', 'ipv4_addr'), familyRules('ip6', 'ipv6_addr')]
  const hook = `type filter hook ingress device "${device}" priority 0; policy accept;`
  return `table netdev ${TABLE} {
${v4.sets}
${v6.sets}
  chain in {
    ${hook}
${v4.rules}
${v6.rules}
  }
}
`
}

function familyRules(family: 'ip' | 'ip6', address: string): { sets: string; rules: string } {
  const options = 'size 65535; flags dynamic; counter;'
  const pair = `${family} saddr . ${family} daddr . meta l4proto`
  return {
    sets: `  set ${family}_ports { type ${address} . ${address} . inet_proto . inet_service; ${options} }
  set ${family}_others { type ${address} . ${address} . inet_proto; ${options} }`,
    // Where there is no port (a fragment) the first rule ends without a verdict and the second counts the packet.
    rules: `    meta protocol ${family} meta l4proto { tcp, udp } add @${family}_ports { ${pair} . th dport } accept
    meta protocol ${family} add @${family}_others { ${pair} } accept`,
  }
}

/** Lists what was counted. */
export const CAPTURE_LIST: readonly string[] = ['nft', '-j', 'list', 'table', 'netdev', TABLE]

interface NftElement {
  readonly elem: {
    readonly val: { readonly concat: readonly (string | number)[] }
    readonly counter: { readonly packets: number; readonly bytes: number }
  }
}

/** Reads the answer to CAPTURE_LIST. */
export function parseCapture(json: string): Flow[] {
  const { nftables } = JSON.parse(json) as { nftables: readonly { set?: { elem?: readonly NftElement[] } }[] }
  const elements = nftables.flatMap(({ set }) => set?.elem ?? [])
  return elements.map(({ elem: { val, counter } }) => {
    const [source, destination, protocol, port = null] = val.concat
    return {
      source: String(source),
      destination: String(destination),
      protocol: String(protocol),
      port: port === null ? null : Number(port),
      packets: counter.packets,
      bytes: counter.bytes,
    }
  })
}

/** Link-local and multicast: how machines on one link find each other, not a way out (RFC 4291 section 2.5.6). */
const LINK_ONLY = /^(fe80|ff0[12]):/

/** Flows that did not come from an exit. */
export function leaks(flows: readonly Flow[], exits: readonly string[]): Flow[] {
  const neighbours = ({ protocol, source, destination }: Flow): boolean =>
    protocol === 'ipv6-icmp' && [source, destination].some((address) => LINK_ONLY.test(address))
  return flows.filter((flow) => !exits.includes(flow.source) && !neighbours(flow))
}
