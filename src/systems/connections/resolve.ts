import { Resolver } from 'node:dns/promises'

/** Most names that one look asks for. */
const MAX_LOOKUPS = 50
/** Most names that are remembered. */
const MAX_CACHED = 10_000
/** Milliseconds that one name server may take; it is asked once. */
const TIMEOUT_MS = 1000

/** Names of addresses by reverse DNS: outbound traffic, so only where the operator asked for it. */
export interface Names {
  /** Looks up those of the addresses that are not known yet. */
  find(addresses: Iterable<string>): Promise<void>
  nameOf(ip: string): string | null
}

/** Asks nobody. */
export const NO_NAMES: Names = { find: async () => undefined, nameOf: () => null }

/** Makes an empty cache of names; `servers` replace the system's name servers. */
export function reverseNames(servers: readonly string[] = []): Names {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 })
  if (servers.length > 0) resolver.setServers(servers)
  const known = new Map<string, string | null>()
  const ask = async (ip: string): Promise<void> => {
    const names = await resolver.reverse(ip).catch(() => [])
    known.set(ip, names[0] ?? null)
  }
  return {
    find: async (addresses) => {
      if (known.size > MAX_CACHED) known.clear()
      const fresh = [...new Set(addresses)].filter((ip) => !known.has(ip)).slice(0, MAX_LOOKUPS)
      const late = setTimeout(() => resolver.cancel(), TIMEOUT_MS * 2)
      await Promise.all(fresh.map(ask)).finally(() => clearTimeout(late))
    },
    nameOf: (ip) => known.get(ip) ?? null,
  }
}
