/** Reasons not to set up the sandbox here: its addresses or its name are taken. */
import type { Host } from '#core/host/setup/types.ts'
import type { TorboxConfig } from '../config.ts'
import { networkOf } from '../rules.ts'
import { overlaps, parseNetwork } from './network.ts'

interface Interface {
  readonly ifname: string
  readonly master?: string
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number }[]
}
interface Route {
  readonly dst: string
  readonly dev?: string
}

/** Why the bridge's addresses can't be used: something on this machine has some of them, or leads to them. */
export async function addressFree(host: Host, config: TorboxConfig): Promise<string | null> {
  const wanted = networkOf(config)
  const clashes = (text: string): boolean => {
    const other = parseNetwork(text)
    return other !== null && other.prefix > 0 && overlaps(wanted, other)
  }
  const interfaces = await list<Interface>(host, ['address', 'show'])
  for (const { ifname, addr_info } of interfaces) {
    const own = addr_info.map(({ local = '', prefixlen = 0 }) => `${local}/${prefixlen}`)
    const taken = own.find((text) => clashes(text) && !(ifname === config.bridge && text === config.address))
    if (taken !== undefined) return inUse(config, `${ifname} has ${taken}`)
  }
  const routes = await list<Route>(host, ['route', 'show'])
  const route = routes.find(({ dst, dev }) => dev !== config.bridge && clashes(dst.includes('/') ? dst : `${dst}/32`))
  return route === undefined
    ? null
    : inUse(config, `there is a route to ${route.dst} by ${route.dev ?? 'another machine'}`)
}

function inUse({ address }: TorboxConfig, how: string): string {
  return `addresses of ${address} are in use here: ${how}; choose others as "address" in [torbox]`
}

/** Why the bridge can't have its name: there is one that has other ports or other addresses than a sandbox's. */
export async function bridgeFree(host: Host, config: TorboxConfig): Promise<string | null> {
  const interfaces = await list<Interface>(host, ['address', 'show'])
  const bridge = interfaces.find(({ ifname }) => ifname === config.bridge)
  const foreign = interfaces.find(
    ({ ifname, master }) => master === config.bridge && !ifname.startsWith(`${config.bridge}-`),
  )
  const other = bridge?.addr_info
    .map(({ local = '', prefixlen = 0 }) => `${local}/${prefixlen}`)
    .find((text) => parseNetwork(text) !== null && text !== config.address)
  const why = foreign ? `${foreign.ifname} is plugged into it` : other ? `it has the address ${other}` : null
  return why === null
    ? null
    : `there is a bridge ${config.bridge} already, and ${why}; choose another as "bridge" in [torbox]`
}

async function list<T>({ run, netns }: Host, words: readonly string[]): Promise<readonly T[]> {
  const { code, out } = await run(['ip', '-4', '-json', ...words], { netns })
  // An ip that can't tell is no reason to refuse: the steps that follow say what is wrong with it.
  return code === 0 && out.trim() !== '' ? (JSON.parse(out) as readonly T[]) : []
}
