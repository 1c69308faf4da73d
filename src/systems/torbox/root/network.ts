/** Addresses of boxes: which there are, which comes next, and the bridge port that each belongs to. Pure. */

/** An IPv4 network and an address in it. Numbers are the 32 bits, unsigned. */
export interface Network {
  readonly address: number
  readonly prefix: number
  /** First address: that of the network itself. */
  readonly base: number
  /** How many addresses it has. */
  readonly size: number
}

/** '10.100.100.1/24'; null when it is no such thing. */
export function parseNetwork(text: string): Network | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  const numbers = (match ?? []).slice(1).map(Number)
  const [prefix = 33] = numbers.splice(4)
  if (numbers.length !== 4 || prefix > 32 || numbers.some((byte) => byte > 255)) return null
  const address = numbers.reduce((sum, byte) => sum * 256 + byte, 0)
  const size = 2 ** (32 - prefix)
  return { address, prefix, base: address - (address % size), size }
}

/** The 32 bits as dotted decimals. */
export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** Whether two networks have addresses in common. */
export function overlaps(a: Network, b: Network): boolean {
  return a.base < b.base + b.size && b.base < a.base + a.size
}

/** Most boxes on one bridge: what the rules list one by one, as a /24 has them. */
const MOST_BOXES = 253

/** A place on the bridge: a box's address, and the name of the bridge port on the host that it must come in by. */
export interface Seat {
  readonly address: string
  readonly port: string
}

/** All seats of the bridge, lowest address first. */
export function seats(bridge: string, network: Network): readonly Seat[] {
  const all: Seat[] = []
  for (let offset = 1; offset < network.size - 1 && all.length < MOST_BOXES; offset += 1) {
    const address = network.base + offset
    if (address !== network.address) all.push({ address: dotted(address), port: `${bridge}-${offset}` })
  }
  return all
}

/**
 * The seats in the order in which they should be taken: the one after the last that was taken first. Tor goes on using
 * a circuit for the address that it was made for, so the longest unused address is the one that shares least.
 */
export function inTurn(all: readonly Seat[], last: string | null): readonly Seat[] {
  const next = all.findIndex(({ address }) => address === last) + 1
  return [...all.slice(next), ...all.slice(0, next)]
}
