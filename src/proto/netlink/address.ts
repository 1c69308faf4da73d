/** IPv4 dotted text of one address held as a big-endian number. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/**
 * Text of a 16-byte address given as four big-endian numbers, in the canonical form of RFC 5952. IPv4-mapped addresses
 * (::ffff:0:0/96) become plain IPv4: on the wire they are the same remote.
 */
export function ipv6Text(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === 0xffff) return ipv4Text(d)
  const words = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff]
  const gap = longestZeros(words)
  const hex = (from: number, to?: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':')
  return gap.length < 2 ? hex(0) : `${hex(0, gap.start)}::${hex(gap.start + gap.length)}`
}

/** The longest run of zero words, the first of equals (RFC 5952, section 4.2.3). */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (let index = 0; index < words.length; index++) {
    length = words[index] === 0 ? length + 1 : 0
    if (length > best.length) best = { start: index - length + 1, length }
  }
  return best
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** The bytes of an address's text: 4 for IPv4, 16 for IPv6; null when it is neither. */
export function addressBytes(text: string): Uint8Array | null {
  if (IPV4.test(text)) return Uint8Array.from(text.split('.'), Number)
  const mapped = /^(.*:)(\d[\d.]*)$/.exec(text)
  if (mapped?.[2]?.includes('.')) {
    const tail = addressBytes(mapped[2])
    if (tail === null || tail.length !== 4) return null
    const [a = 0, b = 0, c = 0, d = 0] = tail
    return addressBytes(`${mapped[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)
  }
  const [head = '', tail, ...rest] = text.split('::')
  if (rest.length > 0) return null
  const before = words(head)
  const after = tail === undefined ? [] : words(tail)
  if (before === null || after === null) return null
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const all = [...before, ...Array.from({ length: missing }, () => 0), ...after]
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]))
}

function words(text: string): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  return parts.every((part) => /^[\da-f]{1,4}$/i.test(part)) ? parts.map((part) => Number.parseInt(part, 16)) : null
}

/** The canonical text of an address, IPv4-mapped ones as IPv4; null when it is none. */
export function normalAddress(text: string): string | null {
  const bytes = addressBytes(text)
  if (bytes === null) return null
  const view = new DataView(bytes.buffer)
  if (bytes.length === 4) return ipv4Text(view.getUint32(0))
  return ipv6Text(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12))
}

/** The 16 bytes in which a socket of the IPv6 family holds an address: IPv4 ones are mapped. */
export function mappedBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 ? bytes : Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes])
}
