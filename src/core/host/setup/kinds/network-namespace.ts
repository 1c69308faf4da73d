import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NocError } from '../../../errors.ts'
import { NETNS_DIRECTORY, must } from '../host.ts'
import { checkDevice, lookLink } from '../links.ts'
import type { Kind, NetworkNamespaceParams } from '../types.ts'

/** `file`: the name is there, the namespace is not yet (or no longer) bound to it; `quiet`: its loopback is down. */
export type NetworkNamespaceState = 'file' | 'quiet' | 'there' | null

/** A named network namespace. */
export const networkNamespace: Kind<NetworkNamespaceParams, NetworkNamespaceState> = {
  name: 'network-namespace',
  invert: 'exact',
  id: ({ name }) => `network-namespace:${name}`,
  async read(host, { name }) {
    checkDevice(name)
    const file = join(NETNS_DIRECTORY, name)
    if (!existsSync(file)) return null
    if (statSync(file).dev === statSync(NETNS_DIRECTORY).dev) return 'file'
    const loopback = await lookLink(host, name, 'lo')
    return loopback?.flags.includes('UP') ? 'there' : 'quiet'
  },
  want: () => 'there',
  async write(host, { name }, to, from) {
    if (to === null) {
      const pids = from === 'file' ? '' : await must(host, ['ip', 'netns', 'pids', name])
      if (pids.trim() !== '') {
        const processes = pids.trim().split(/\s+/).join(', ')
        throw new NocError('NOC_SETUP_NETNS_BUSY', `The network namespace ${name} still has processes: ${processes}.`)
      }
      await must(host, ['ip', 'netns', 'delete', name])
      return
    }
    if (from === 'file') await must(host, ['ip', 'netns', 'delete', name])
    if (from === 'file' || from === null) await must(host, ['ip', 'netns', 'add', name])
    await must(host, ['ip', 'link', 'set', 'dev', 'lo', to === 'there' ? 'up' : 'down'], { netns: name })
  },
  between: (now, before) => (before === null && now !== null ? 'ours' : 'foreign'),
  show: ({ name }, from, to) => [
    ...(from === null ? [] : [`- namespace ${name} (${from})`]),
    ...(to === null ? [] : [`+ namespace ${name}`]),
  ],
}
