/** Addresses, ports and words of one run, so that whatever leaves can be told from everything else. Pure. */
import { addressBytes, ipv4Text } from '#proto/netlink/address.ts'

/** Networks for documentation and tests (RFC 5737, RFC 2544): whatever leaks to them reaches nobody. */
const NETWORKS = ['198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24', '198.18.55.0/24'] as const

/** What packets go to; every probe has addresses of its own. */
export type TargetId =
  | 'tcp-address'
  | 'dns-server'
  | 'dns-port'
  | 'udp'
  | 'icmp'
  | 'ipv6'
  | 'root-routes'
  | 'spoof'
  | 'tor-stopped'
  | 'tor-restarted'
  | 'rules-flushed'
  | 'flow-before'

const TARGETS: readonly TargetId[] = [
  'tcp-address',
  'dns-server',
  'dns-port',
  'udp',
  'icmp',
  'ipv6',
  'root-routes',
  'spoof',
  'tor-stopped',
  'tor-restarted',
  'rules-flushed',
  'flow-before',
]

/** Where the probes of one run go. */
export interface Targets {
  /** Fifteen digits: stands in names and messages. Digits, because resolvers change the case of letters (0x20). */
  readonly token: string
  /** Another fifteen digits, for a question that Tor can't carry. */
  readonly text: string
  /** A high port; the same for all probes of the run. */
  readonly port: number
  readonly v4: Readonly<Record<TargetId, string>>
  readonly v6: Readonly<Record<TargetId, string>>
  /** The IPv6 prefix of all targets, /64, for routes. */
  readonly v6Prefix: string
  /** Doesn't exist, and no resolver asks anybody for it (RFC 6761). */
  readonly name: string
  /** A well-formed address of an onion service that nobody has. */
  readonly onion: string
}

/** Makes them of random bytes (at least 48); `networks` are the host's own, which are avoided. */
export function chooseTargets(random: Uint8Array, networks: readonly string[], onion: string): Targets {
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength)
  const network = NETWORKS.find((one) => !networks.some((own) => overlap(one, own))) ?? NETWORKS[0]
  const base = addressNumber(network.split('/')[0] ?? '')
  // Consecutive addresses from a random start, without .0 and .255.
  const start = view.getUint8(0) % (254 - TARGETS.length)
  const prefix = `2001:db8:${hex(view.getUint16(2))}:${hex(view.getUint16(4))}::`
  const digits = (offset: number): string => String(view.getBigUint64(offset) % 10n ** 15n).padStart(15, '0')
  const token = digits(8)
  return {
    token,
    text: digits(16),
    port: 20_000 + (view.getUint16(6) % 10_000),
    v4: each((index) => ipv4Text(base + 1 + start + index)),
    v6: each((index) => `${prefix}${hex(start + index + 1)}`),
    v6Prefix: `${prefix}/64`,
    name: `${token}.invalid`,
    onion,
  }
}

function each(make: (index: number) => string): Record<TargetId, string> {
  return Object.fromEntries(TARGETS.map((id, index) => [id, make(index)])) as Record<TargetId, string>
}

const hex = (value: number): string => value.toString(16)

function addressNumber(address: string): number {
  const bytes = addressBytes(address)
  return bytes === null ? 0 : new DataView(bytes.buffer).getUint32(0)
}

/** Whether two IPv4 networks in CIDR form share an address. */
function overlap(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => {
    const [address = '', bits = '32'] = text.split('/')
    return { address: addressNumber(address), bits: Number(bits) }
  }) as [Cidr, Cidr]
  const shorter = Math.min(x.bits, y.bits)
  if (shorter === 0) return false // the default route is no network of the host's own
  return x.address >>> (32 - shorter) === y.address >>> (32 - shorter)
}

interface Cidr {
  readonly address: number
  readonly bits: number
}

const ONION_VERSION = 3
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** What the checksum of an onion address is made over: SHA3-256 of this, first two bytes (rend-spec-v3, 6 [ONIONADDRESS]). */
export function onionChecksumInput(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('.onion checksum'), publicKey, Buffer.from([ONION_VERSION])])
}

/** The address for a public key (32 bytes) and the checksum (first two bytes are taken). */
export function onionAddress(publicKey: Uint8Array, checksum: Uint8Array): string {
  const bytes = Buffer.concat([publicKey, checksum.subarray(0, 2), Buffer.from([ONION_VERSION])])
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  // 35 bytes are 56 characters without a rest.
  return `${Array.from({ length: 56 }, (_, index) => BASE32[Number((bits >> BigInt(275 - 5 * index)) & 31n)]).join('')}.onion`
}
