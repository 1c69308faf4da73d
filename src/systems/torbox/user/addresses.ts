/**
 * The addresses inside a box. The box has no interface but lo, and there a route that makes every address of the
 * Internet local. So a program's connection ends at our listener and keeps the address it was made to: the listener's
 * socket has it as its own. Only the port is rewritten, on the way out by nft, which puts the wanted port where no
 * information is lost: into the source address. Thus a listener learns all it needs from the two addresses of an
 * accepted socket; no connection tracking, no SO_ORIGINAL_DST, no native code.
 */
import { addressBytes, normalAddress } from '#proto/netlink/address.ts'

/** Where the box's helpers listen, all on loopback. 9040 and 9050 are the ports that tor's manual uses. */
export const boxPorts = { forwarder: 9040, socks: 9050, dns: 53 } as const

/**
 * The box's own address, the same in all boxes so that it tells nothing: RFC 7335 gives it to hosts behind a
 * translator, so programs are used to it. Without a non-loopback address, getaddrinfo's AI_ADDRCONFIG finds nothing.
 */
export const OWN_V4 = '192.0.0.4'
/** The same for IPv6; in a prefix of our own from the range for local use (RFC 4193). */
export const OWN_V6 = 'fd6e:6f63:626f:7802::1'

/** Names are handed out as addresses of this prefix: 198.18.0.0/15 is for tests (RFC 2544) and never on the Internet. */
export const VIRTUAL_V4 = '198.18.0.0/16'
/** The same for IPv6: the low 16 bits are those of the IPv4 address. */
export const VIRTUAL_V6 = 'fd6e:6f63:626f:7800::/112'

/** Source addresses of redirected connections: the low 16 bits are the port that the program wanted. */
export const PORTS_V4 = '198.19.0.0/16'
/** The same for IPv6. */
export const PORTS_V6 = 'fd6e:6f63:626f:7801::/112'

/** Names that a box can hold at a time: the low 16 bits of a virtual address, without 0. */
export const MAX_NAMES = 65_535

/** What a redirected connection was made to: an address, or the name behind a virtual one; `index` finds the name. */
export type Target =
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  | { readonly kind: 'name'; readonly index: number; readonly port: number }

/**
 * Where a connection that the forwarder accepted was to go, from the addresses of its socket. Null when it came to the
 * forwarder in any other way than by the redirection.
 */
export function targetOf(remoteAddress: string, localAddress: string): Target | null {
  const port = suffixWithin(remoteAddress, PORTS_V4) ?? suffixWithin(remoteAddress, PORTS_V6)
  if (port === null || port === 0) return null
  const index = virtualIndex(localAddress)
  if (index !== null) return { kind: 'name', index, port }
  const address = canonical(localAddress)
  return address === null ? null : { kind: 'address', address, port }
}

/** The index of the name that a virtual address stands for; null for any other address. */
export function virtualIndex(address: string): number | null {
  return suffixWithin(address, VIRTUAL_V4) ?? suffixWithin(address, VIRTUAL_V6)
}

/** The virtual addresses of the name with this index (1 to MAX_NAMES), as bytes for the resolver's answers. */
export function virtualAddresses(index: number): { readonly v4: Uint8Array; readonly v6: Uint8Array } {
  return { v4: withSuffix(VIRTUAL_V4, index), v6: withSuffix(VIRTUAL_V6, index) }
}

/** The low 16 bits of an address within a prefix that ends there; null outside. */
function suffixWithin(address: string, prefix: string): number | null {
  const bytes = addressBytes(canonical(address) ?? '')
  const base = prefixBytes(prefix)
  if (bytes?.length !== base.length) return null
  const end = bytes.length - 2
  if (bytes.subarray(0, end).some((byte, index) => byte !== base[index])) return null
  return ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0)
}

function withSuffix(prefix: string, suffix: number): Uint8Array {
  const bytes = prefixBytes(prefix)
  bytes.set([suffix >> 8, suffix & 255], bytes.length - 2)
  return bytes
}

function prefixBytes(prefix: string): Uint8Array {
  return addressBytes(prefix.split('/')[0] ?? '') ?? new Uint8Array()
}

/** Without the zone of a link-local address; IPv4-mapped, as a dual-stack socket shows IPv4, as IPv4. */
function canonical(address: string): string | null {
  return normalAddress(address.split('%')[0] ?? '')
}
