/** What a test network consists of: who listens where, and every line of configuration. Pure. */

/** Ports inside the network's own namespace; nothing else runs there, so they are fixed. */
export const PORTS = {
  or: 5000,
  exitOr: 5100,
  directory: 7000,
  socks: 9150,
  dns: 9153,
  trans: 9140,
  web: 8099,
} as const

/** The link to the outside, whose servers see who comes; the host's side has the exits' addresses too. */
export const LINK = {
  host: '203.0.113.2',
  host6: 'fd10::2',
  outside: '203.0.113.1',
  outside6: 'fd10::1',
  hostDevice: 'outer',
  outsideDevice: 'inner',
} as const

/** Where an exit's connections come from unless the test says otherwise. */
export function exitAddress(index: number): string {
  return `203.0.113.${99 - index}`
}

/** And those over IPv6. */
export function exitAddress6(index: number): string {
  return `fd10::${99 - index}`
}

/** With fewer than three, a relay that one authority missed is not in the consensus. */
export const AUTHORITIES = 3

/** Seconds between two consensuses. */
export const VOTING_INTERVAL_S = 20
/** Seconds of each half of a vote; the least that tor takes (MIN_VOTE_SECONDS_TESTING, MIN_DIST_SECONDS_TESTING). */
const VOTE_HALF_S = 2
/** Seconds from the order to vote until the consensus is there: both halves, and one to begin. */
export const VOTE_S: number = 2 * VOTE_HALF_S + 1

/** An authority as every other node has to know it. */
export interface Authority {
  /** Fingerprint of the key that its votes are certified with, 40 hex digits. */
  readonly v3Identity: string
  /** Fingerprint of its identity as a relay, 40 hex digits. */
  readonly fingerprint: string
}

/** One process of tor. */
export interface Node {
  readonly name: string
  readonly torrc: readonly string[]
}

/** What a network is made of. */
export interface Plan {
  /** Holds a folder for each node. */
  readonly directory: string
  readonly authorities: readonly Authority[]
  /** Outbound addresses: one exit for each. */
  readonly exits: readonly string[]
  /** An onion service in front of the local web server. */
  readonly onion: boolean
  /** Further lines for the client's torrc. */
  readonly client: readonly string[]
  /** When there is to be a consensus, in seconds since 1970, and every VOTING_INTERVAL_S before and after. */
  readonly consensusAt: number
}

/** Lines by which any tor becomes part of the network of these authorities. */
export function joiningLines(authorities: readonly Authority[]): string[] {
  const lines = authorities.map(
    ({ v3Identity, fingerprint }, index) =>
      `DirAuthority auth${index} orport=${PORTS.or + index} v3ident=${v3Identity} ` +
      `127.0.0.1:${PORTS.directory + index} ${fingerprint}`,
  )
  return ['TestingTorNetwork 1', 'AssumeReachable 1', 'PathsNeededToBuildCircuits 0.25', ...lines]
}

/** What a client of a network needs that has private addresses and four relays. */
export const CLIENT_OF_FEW: readonly string[] = [
  'ClientRejectInternalAddresses 0',
  'ClientDNSRejectInternalAddresses 0',
  // With a fixed guard, most paths to an onion service would begin and end with it, and relays refuse those.
  'UseEntryGuards 0',
  'VanguardsLiteEnabled 0',
]

/** Every process of the network and its configuration. */
export function nodes(plan: Plan): Node[] {
  const common = joiningLines(plan.authorities)
  const node = (name: string, torrc: readonly string[]): Node => ({
    name,
    torrc: [...nodeLines(name, plan.directory), ...common, ...torrc],
  })
  return [
    ...plan.authorities.map((_, index) => node(`auth${index}`, authorityLines(index, plan))),
    ...plan.exits.map((address, index) => node(`exit${index}`, exitLines(index, address, plan.directory))),
    node('client', [...CLIENT_LINES, ...plan.client]),
    ...(plan.onion ? [node('onion', onionLines(plan.directory))] : []),
  ]
}

function nodeLines(name: string, directory: string): string[] {
  const own = `${directory}/${name}`
  return [
    `DataDirectory ${own}`,
    `PidFile ${own}/pid`,
    `Nickname ${name}`,
    `Log notice file ${own}/notice.log`,
    `ControlSocket ${own}/control`,
    'CookieAuthentication 1',
    'ShutdownWaitLength 0',
    'SafeLogging 0',
    // The countries of addresses cost each process 30 to 60 MB and mean nothing here.
    'GeoIPFile /dev/null',
    'GeoIPv6File /dev/null',
  ]
}

function authorityLines(index: number, { authorities, consensusAt }: Plan): string[] {
  const all = authorities.map(({ fingerprint }) => `$${fingerprint}`).join(',')
  return [
    'SocksPort 0',
    `ORPort 127.0.0.1:${PORTS.or + index}`,
    `DirPort 127.0.0.1:${PORTS.directory + index}`,
    'Address 127.0.0.1',
    `ContactInfo auth${index}@site.example`,
    'ExitPolicy reject *:*',
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    `TestingV3AuthInitialVotingInterval ${VOTING_INTERVAL_S}`,
    `TestingV3AuthInitialVoteDelay ${VOTE_HALF_S}`,
    `TestingV3AuthInitialDistDelay ${VOTE_HALF_S}`,
    `TestingV3AuthVotingStartOffset ${consensusAt % VOTING_INTERVAL_S}`,
    `V3AuthVotingInterval ${VOTING_INTERVAL_S}`,
    `V3AuthVoteDelay ${VOTE_HALF_S}`,
    `V3AuthDistDelay ${VOTE_HALF_S}`,
    // One vote may fail on a busy machine without the consensus running out.
    'V3AuthNIntervalsValid 3',
    // Every relay in every role, or the weights of a network without middle relays would leave no paths.
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteExit *',
    `TestingDirAuthVoteHSDir ${all}`,
    'TestingMinExitFlagThreshold 0',
    'AuthDirFastGuarantee 1',
  ]
}

function exitLines(index: number, address: string, directory: string): string[] {
  return [
    'SocksPort 0',
    `ORPort 127.0.0.1:${PORTS.exitOr + index}`,
    'Address 127.0.0.1',
    `ContactInfo exit${index}@site.example`,
    // A client that asks this relay for descriptors before it has them itself waits 10 s for its next try.
    'DirCache 0',
    'ExitRelay 1',
    'ExitPolicyRejectPrivate 0',
    // A policy for a few private addresses is summed up as "reject 1-65535" and no client would use this exit.
    'ExitPolicy accept *:*',
    // Asked for an address that no exit can reach, a client would build thousands of circuits.
    'IPv6Exit 1',
    `OutboundBindAddressExit ${address}`,
    `OutboundBindAddressExit [${exitAddress6(index)}]`,
    `ServerDNSResolvConfFile ${directory}/resolv.conf`,
    'ServerDNSDetectHijacking 0',
    'ServerDNSAllowBrokenConfig 1',
  ]
}

const CLIENT_LINES: readonly string[] = [
  'ClientOnly 1',
  `SocksPort 127.0.0.1:${PORTS.socks} ExtendedErrors`,
  `DNSPort 127.0.0.1:${PORTS.dns}`,
  `TransPort 127.0.0.1:${PORTS.trans}`,
  'AutomapHostsOnResolve 1',
  'VirtualAddrNetworkIPv4 10.192.0.0/10',
  ...CLIENT_OF_FEW,
]

function onionLines(directory: string): string[] {
  const service = [`HiddenServiceDir ${directory}/onion/service`, `HiddenServicePort 80 127.0.0.1:${PORTS.web}`]
  return ['SocksPort 0', ...CLIENT_OF_FEW, ...service]
}
