import { inside, must, place } from '../host.ts'
import { checkDevice, checkSort, lookLink } from '../links.ts'
import type { BridgeParams, Kind } from '../types.ts'

/** null: no such device. */
export type BridgeState = 'up' | 'down' | null

/** A bridge that is up, made in one call of the kernel. */
export const bridge: Kind<BridgeParams, BridgeState> = {
  name: 'bridge',
  invert: 'exact',
  id: (params) => `bridge:${place(params.name, params)}`,
  async read(host, params) {
    const link = await lookLink(host, inside(host, params).netns, params.name)
    if (link === null) return null
    checkSort(link, params.name, 'bridge')
    return link.flags.includes('UP') ? 'up' : 'down'
  },
  want({ name }) {
    checkDevice(name)
    return 'up'
  },
  async write(host, params, to, from) {
    const words =
      to === null
        ? ['del', 'dev', params.name]
        : from === null
          ? ['add', 'name', params.name, to, 'type', 'bridge']
          : ['set', 'dev', params.name, to]
    await must(host, ['ip', 'link', ...words], inside(host, params))
  },
  show: ({ name }, from, to) => [
    ...(from === null ? [] : [`- bridge ${name}, ${from}`]),
    ...(to === null ? [] : [`+ bridge ${name}, ${to}`]),
  ],
}
