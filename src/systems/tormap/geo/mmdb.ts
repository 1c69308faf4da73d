/**
 * Reads MaxMind DB files, version 2.0 of the format (maxmind.github.io/MaxMind-DB). Two things that general readers
 * don't do: it works on a file that is not in memory, and it decodes only the keys that are asked for. Pure.
 */
import type { Bytes } from './bytes.ts'
import { type MmdbRecord, type Wanted, damaged, decoder } from './mmdb-decoder.ts'

/** An open database. */
export interface Mmdb {
  readonly metadata: MmdbRecord
  /** Where the record of an address (4 or 16 bytes) lies; null when it has none. Equal records lie at one place. */
  find(address: Uint8Array): number | null
  /** The wanted keys of the record at `place`. */
  read(place: number, wanted: Wanted): MmdbRecord
}

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
/** The format lets the metadata begin in the last 128 KiB. */
const METADATA_REACH = 128 * 1024
/** Zero bytes between the tree and the data. */
const SEPARATOR = 16
/** Bits of the zeros before an IPv4 address in a tree of IPv6 addresses. */
const IPV4_DEPTH = 96

/** Opens a database; throws NocError when it is none, or damaged. */
export function openMmdb(bytes: Bytes): Mmdb {
  const start = metadataStart(bytes)
  const metadata = decoder(bytes, start)(start, true)
  const nodes = wholeNumber(metadata, 'node_count', bytes)
  const recordBits = wholeNumber(metadata, 'record_size', bytes)
  const version = wholeNumber(metadata, 'ip_version', bytes)
  if (metadata['binary_format_major_version'] !== 2) throw damaged('has an unknown version of the format', bytes, start)
  if (![24, 28, 32].includes(recordBits)) throw damaged(`has records of ${recordBits} bits`, bytes, start)
  if (version !== 4 && version !== 6) throw damaged(`is for version ${version} of the Internet protocol`, bytes, start)
  const nodeBytes = recordBits / 4
  const dataStart = nodes * nodeBytes + SEPARATOR
  if (dataStart > start) throw damaged('is cut: its tree does not fit', bytes, bytes.size)

  const child = recordReader(bytes, recordBits)
  const tree: Tree = { nodes, child: (node, right) => child(node * nodeBytes, right) }
  const ipv4Root = version === 4 ? 0 : walker(tree, 0, IPV4_DEPTH)(new Uint8Array(IPV4_DEPTH / 8))
  const [walk4, walk6] = [walker(tree, ipv4Root, 32), walker(tree, 0, 128)]
  const decode = decoder(bytes, dataStart)

  return {
    metadata,
    find: (address) => {
      if (address.length === 16 && version === 4) return null
      const end = address.length === 4 ? walk4(address) : walk6(address)
      // A record of exactly `nodes` says: nothing known.
      if (end <= nodes) return null
      const place = end - nodes - SEPARATOR + dataStart
      if (place < dataStart || place >= start) throw damaged('points outside of its data', bytes, place)
      return place
    },
    read: (place, wanted) => decode(place, wanted),
  }
}

/** Whether the bytes hold an MMDB file. */
export function isMmdb(bytes: Bytes): boolean {
  return lastMarker(bytes) !== null
}

function metadataStart(bytes: Bytes): number {
  const start = lastMarker(bytes)
  if (start === null) throw damaged('has no metadata: it is no MMDB file', bytes, bytes.size)
  return start
}

function lastMarker(bytes: Bytes): number | null {
  const from = Math.max(0, bytes.size - METADATA_REACH)
  const found = bytes.copy(from, bytes.size - from).lastIndexOf(MARKER)
  return found < 0 ? null : from + found + MARKER.length
}

function wholeNumber(metadata: MmdbRecord, key: string, bytes: Bytes): number {
  const value = metadata[key]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damaged(`lacks ${key}`, bytes, 0)
  return value
}

/** Reads the left (0) or right (1) record of the node at `offset`. */
function recordReader({ word }: Bytes, bits: number): (offset: number, right: number) => number {
  if (bits === 24) return (offset, right) => word(offset + right * 3) >>> 8
  if (bits === 32) return (offset, right) => word(offset + right * 4)
  // 28: the middle byte has the high nibbles of both.
  return (offset, right) => {
    const four = word(offset + right * 3)
    return right === 0 ? (four >>> 8) | ((four & 0xf0) << 20) : four & 0x0fff_ffff
  }
}

interface Tree {
  /** How many; greater numbers are no nodes. */
  readonly nodes: number
  child(node: number, right: number): number
}

/**
 * Walks down from a node by the bits of addresses, to where there is no node any more. It goes on where the way parts
 * from the last one: who asks in the order of addresses, asks for half.
 */
function walker({ nodes, child }: Tree, root: number, bits: number): (address: Uint8Array) => number {
  const last = new Uint8Array(bits / 8)
  const way = new Float64Array(bits + 1)
  way[0] = root
  let depth = 0
  return (address) => {
    let bit = Math.min(depth, commonBits(address, last))
    last.set(address)
    let node = way[bit] ?? 0
    for (; bit < bits && node < nodes; bit += 1) {
      node = child(node, ((address[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
      way[bit + 1] = node
    }
    depth = bit
    return node
  }
}

/** With how many equal bits two addresses begin. */
function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < a.length; index += 1) {
    const other = (a[index] ?? 0) ^ (b[index] ?? 0)
    if (other !== 0) return index * 8 + Math.clz32(other) - 24
  }
  return a.length * 8
}
