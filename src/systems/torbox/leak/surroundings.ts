/** What the leak test finds out about this machine before it begins. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { hasDefaultRoute, reachableSockets } from './proc-text.ts'
import { type Targets, chooseTargets, onionAddress, onionChecksumInput } from './targets.ts'

/** Bytes of an Ed25519 public key, which an onion address is made of. */
const KEY_BYTES = 32
/** Bytes that targets are made of. */
const TARGET_BYTES = 48

/** This machine's addresses. */
export interface Addresses {
  /** Networks in CIDR form, for targets that are not among them. */
  readonly networks: readonly string[]
  /** All but loopback and link-local ones, the boxes' gateway included. */
  readonly global: readonly string[]
  /** Link-local address of the interface that has the gateway's address. */
  readonly gatewayLinkLocal: string | null
}

/** Reads the addresses of this network namespace. */
export function readAddresses(gateway: string | null): Addresses {
  const interfaces = Object.values(networkInterfaces()).map((list) => list ?? [])
  const all = interfaces.flat().filter((one) => !one.internal)
  const near = interfaces.find((list) => list.some((one) => one.address === gateway)) ?? []
  const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)
  return {
    networks: all.flatMap(({ cidr, family }) => (cidr === null || family !== 'IPv4' ? [] : [cidr])),
    global: [...new Set(all.map((one) => one.address))].filter((address) => !isLinkLocal(address)),
    gatewayLinkLocal: near.find((one) => isLinkLocal(one.address))?.address ?? null,
  }
}

/** Targets that nobody has, different in every run. */
export function makeTargets(networks: readonly string[]): Targets {
  const key = randomBytes(KEY_BYTES)
  const checksum = createHash('sha3-256').update(onionChecksumInput(key)).digest()
  return chooseTargets(randomBytes(TARGET_BYTES), networks, onionAddress(key, checksum))
}

/** Whether packets to the outside have a way at all: without a default route nothing could leak, nor be seen to. */
export function hasWayOut(): boolean {
  return hasDefaultRoute(readText('/proc/net/route'), readText('/proc/net/ipv6_route'))
}

/** Most sockets that are tried. */
const MOST_SOCKETS = 200

/** Sockets in the file system of this machine at which somebody can be reached, as far as this user may see them. */
export function listeningSockets(): string[] {
  return reachableSockets(readText('/proc/net/unix')).filter(isSocket).slice(0, MOST_SOCKETS)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket()
  } catch {
    return false
  }
}
