/**
 * Sets of rules that the leak test is tried on. The first is the one of the HOWTO that this system grew out of, as its
 * readers ended up with it: it must be found out. Ports are those of the test network's tor.
 */
import { PORTS } from '../../tor/plan.ts'

/** Interface of the boxes, the host's address on it, and the interface to the outside. */
export const NET = { bridge: 'tornet', host: '10.100.100.1', prefix: 24, outer: 'outer' } as const

/** For iptables-restore: NAT to the outside as the HOWTO begins, then everything turned to tor on loopback. */
export function howto(forwardPolicy: 'DROP' | 'ACCEPT'): { readonly nat: string; readonly tor: string } {
  return {
    nat: `*filter
:FORWARD ${forwardPolicy} [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ${NET.bridge} -o ${NET.outer} -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -i ${NET.bridge} -o ${NET.outer} -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
-A POSTROUTING -o ${NET.outer} -s ${NET.host}/${NET.prefix} -j MASQUERADE
COMMIT
`,
    tor: `*nat
-A PREROUTING -i ${NET.bridge} -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.1:${PORTS.dns}
-A PREROUTING -i ${NET.bridge} -p tcp -j DNAT --to-destination 127.0.0.1:${PORTS.trans}
-A PREROUTING -i ${NET.bridge} -p tcp -m tcp --dport 9050 -j DNAT --to-destination 127.0.0.1:${PORTS.socks}
COMMIT
`,
  }
}

/** What the HOWTO sets beside its rules. */
export const HOWTO_SYSCTLS: readonly string[] = [
  'net.ipv4.ip_forward=1',
  `net.ipv4.conf.${NET.bridge}.route_localnet=1`,
]
