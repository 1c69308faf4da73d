/** What the leak test asks, as data: each row, what a pass proves, and why anybody should care. */

/** Parts of the report, in its order. */
export type ProbeGroup = 'tor' | 'outside' | 'host' | 'boxes' | 'trouble'

/** Names a row. */
export type ProbeId =
  | 'tcp-name'
  | 'tcp-address'
  | 'dns-a'
  | 'dns-aaaa'
  | 'dns-txt'
  | 'dns-server'
  | 'dns-port'
  | 'udp'
  | 'icmp'
  | 'ipv6'
  | 'root-routes'
  | 'forwarded'
  | 'host-tcp'
  | 'host-udp'
  | 'ipv6-link-local'
  | 'host-loopback'
  | 'host-ping'
  | 'sockets'
  | 'box-to-box'
  | 'spoof'
  | 'tor-stopped'
  | 'tor-restarted'
  | 'rules-flushed'
  | 'flow-before'

/** One row of the leak test. */
export interface ProbeInfo {
  readonly id: ProbeId
  readonly group: ProbeGroup
  readonly name: string
  readonly proves: string
  readonly why: string
  /** Stops tor, or takes rules away, for a few seconds. */
  readonly disruptive?: boolean
}

/** Titles of the parts. */
export const GROUPS: Readonly<Record<ProbeGroup, string>> = {
  tor: 'Through Tor',
  outside: 'Past Tor',
  host: 'To this machine',
  boxes: 'To other boxes',
  trouble: 'When something breaks',
}

/** All rows, in the order of the report. */
export const PROBES: readonly ProbeInfo[] = [
  {
    id: 'tcp-name',
    group: 'tor',
    name: 'TCP by name',
    proves: 'A connection to a name is carried by Tor, and the name was not looked up outside of it',
    why: 'Most programs connect by name; a name that is asked in the open tells where they go.',
  },
  {
    id: 'tcp-address',
    group: 'tor',
    name: 'TCP by address',
    proves: 'A connection to a bare address is carried by Tor',
    why: 'Programs that ignore proxy settings, static ones among them, connect like this.',
  },
  {
    id: 'dns-a',
    group: 'tor',
    name: 'DNS, A',
    proves: 'Tor answers; no resolver of this machine or its provider saw the question',
    why: 'The resolver sees every name, even when all connections are hidden.',
  },
  {
    id: 'dns-aaaa',
    group: 'tor',
    name: 'DNS, AAAA',
    proves: 'Tor answers; no resolver of this machine or its provider saw the question',
    why: 'Every program asks for IPv6 addresses beside the others.',
  },
  {
    id: 'dns-txt',
    group: 'tor',
    name: 'DNS, TXT',
    proves: 'A question that Tor cannot carry is refused, not asked elsewhere',
    why: 'Mail and chat programs ask for TXT, SRV and MX; Tor knows addresses only.',
  },
  {
    id: 'dns-server',
    group: 'tor',
    name: 'DNS to another server',
    proves: 'A question to a fixed server, port 53, does not reach that server',
    why: 'Some programs bring their own name server and ignore the one they are given.',
  },
  {
    id: 'dns-port',
    group: 'outside',
    name: 'DNS to another port',
    proves: 'A question to a server on port 5300 is dropped',
    why: 'Redirecting port 53 alone leaves every other port open.',
  },
  {
    id: 'udp',
    group: 'outside',
    name: 'UDP',
    proves: 'Datagrams to port 443 and to any port are dropped',
    why: 'Browsers speak QUIC and WebRTC over UDP, which Tor does not carry: it tells the real address.',
  },
  {
    id: 'icmp',
    group: 'outside',
    name: 'ICMP',
    proves: 'A ping to the outside is dropped',
    why: 'Rules for TCP and UDP forget it; the answer tells that the real address is up.',
  },
  {
    id: 'ipv6',
    group: 'outside',
    name: 'IPv6 by address',
    proves: 'TCP, UDP and ping over IPv6 go nowhere, even with an address and a route in the box',
    why: 'Rules for IPv4 do not see IPv6, and most networks have both.',
  },
  {
    id: 'root-routes',
    group: 'outside',
    name: 'Root in the box',
    proves: 'New routes, neighbours and addresses inside the box do not lead out',
    why: 'A program that gains root in the box may set up its network anew.',
  },
  {
    id: 'forwarded',
    group: 'outside',
    name: 'Anything else',
    proves: 'Not one packet from a box was passed on to another interface during the whole test',
    why: 'It catches what no probe above has thought of.',
  },
  {
    id: 'host-tcp',
    group: 'host',
    name: 'Services over TCP',
    proves: 'A TCP service of this machine cannot be reached from the box',
    why: 'A service that answers knows who it is, and often says so.',
  },
  {
    id: 'host-udp',
    group: 'host',
    name: 'Services over UDP',
    proves: 'A UDP service of this machine cannot be reached, on any of its IPv4 or IPv6 addresses',
    why: 'A local resolver, NTP or mDNS answers under the name of this machine.',
  },
  {
    id: 'ipv6-link-local',
    group: 'host',
    name: 'IPv6 link-local',
    proves: 'Nothing answers at link-local addresses: TCP, UDP, ping, and the group of all nodes',
    why: 'Every interface has such an address without anybody setting it, and rules for IPv4 do not see it.',
  },
  {
    id: 'host-loopback',
    group: 'host',
    name: 'Services on 127.0.0.1',
    proves: 'A service that listens on loopback only hears nothing from the box',
    why: 'With route_localnet, the usual way to redirect to Tor, loopback services are open to the box.',
  },
  {
    id: 'host-ping',
    group: 'host',
    name: 'Ping of this machine',
    proves: 'No address of this machine answers',
    why: 'An answer from the public address tells a boxed program which machine it is on.',
  },
  {
    id: 'sockets',
    group: 'host',
    name: 'Sockets in the file system',
    proves: 'D-Bus, nscd, the resolver, X, Wayland and agents cannot be reached from the box',
    why: 'They cross network namespaces: nscd looks up names outside Tor, D-Bus starts programs outside the box.',
  },
  {
    id: 'box-to-box',
    group: 'boxes',
    name: 'Box to box',
    proves: 'One box cannot reach another: TCP, UDP, ping, IPv4 and IPv6',
    why: 'Two identities that can talk to each other are one identity.',
  },
  {
    id: 'spoof',
    group: 'boxes',
    name: "Another box's address",
    proves: 'A box that takes the address of another gets nothing through Tor',
    why: 'Circuits are kept apart by address: with a stolen one it would share the circuits of the other.',
  },
  {
    id: 'tor-stopped',
    group: 'trouble',
    name: 'Tor stopped',
    proves: 'Without tor nothing is reached, and nothing leaves',
    why: 'A fallback to the open network is the classic leak.',
    disruptive: true,
  },
  {
    id: 'tor-restarted',
    group: 'trouble',
    name: 'Tor restarted',
    proves: 'While tor starts nothing leaves; afterwards the box works again',
    why: 'Upgrades restart tor at any time of the day.',
    disruptive: true,
  },
  {
    id: 'rules-flushed',
    group: 'trouble',
    name: 'Rules flushed',
    proves: 'With all rules of the box gone, nothing leaves',
    why: 'A firewall that is loaded again takes the rules of others away.',
    disruptive: true,
  },
  {
    id: 'flow-before',
    group: 'trouble',
    name: 'A flow opened before',
    proves: 'What got out while the rules were missing is cut when they are back',
    why: 'The kernel remembers flows: rules that decide on the first packet let an old one go on for hours.',
    disruptive: true,
  },
]
