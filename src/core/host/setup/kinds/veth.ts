import { NocError } from '../../../errors.ts'
import { inside, must, place } from '../host.ts'
import { checkDevice, checkSort, lookLink, type Link } from '../links.ts'
import type { Host, Kind, VethParams } from '../types.ts'

/** Both ends of a cable; null: no near end. `peer` null: the far end is not where it should be. */
export type VethState = {
  readonly peer: string | null
  readonly up: boolean
  readonly peerUp: boolean
  readonly master: string | null
  readonly isolated: boolean
} | null

function places(host: Host, params: VethParams): { readonly near: string | null; readonly far: string | null } {
  const near = inside(host, params).netns
  return { near, far: params.peerNetns ?? near }
}

function joined(near: Link, far: Link | null, peer: string): boolean {
  return far !== null && (near.link === peer || near.link_index === far.ifindex)
}

function upOrDown(up: boolean): string {
  return up ? 'up' : 'down'
}

async function setEnds(host: Host, params: VethParams, to: NonNullable<VethState>): Promise<void> {
  const { near, far } = places(host, params)
  const { name, peer } = params
  const master = to.master === null ? ['nomaster'] : ['master', to.master]
  await must(host, ['ip', 'link', 'set', 'dev', name, ...master], { netns: near })
  if (to.master !== null) {
    const isolated = ['type', 'bridge_slave', 'isolated', to.isolated ? 'on' : 'off']
    await must(host, ['ip', 'link', 'set', 'dev', name, ...isolated], { netns: near })
  }
  await must(host, ['ip', 'link', 'set', 'dev', peer, upOrDown(to.peerUp)], { netns: far })
  // Last: until the port is isolated, nothing passes.
  await must(host, ['ip', 'link', 'set', 'dev', name, upOrDown(to.up)], { netns: near })
}

/** A cable, whose far end may lie in another namespace. */
export const veth: Kind<VethParams, VethState> = {
  name: 'veth',
  invert: 'exact',
  id: (params) => `veth:${place(params.name, params)}`,
  async read(host, params) {
    const { near, far } = places(host, params)
    const link = await lookLink(host, near, params.name)
    if (link === null) return null
    checkSort(link, params.name, 'veth')
    const other = await lookLink(host, far, params.peer)
    const cable = joined(link, other, params.peer)
    return {
      peer: cable ? params.peer : null,
      up: link.flags.includes('UP'),
      peerUp: cable && other?.flags.includes('UP') === true,
      master: link.master ?? null,
      isolated: link.linkinfo?.info_slave_data?.isolated === true,
    }
  },
  want(params) {
    checkDevice(params.name)
    checkDevice(params.peer)
    const master = params.master ?? null
    return { peer: params.peer, up: true, peerUp: true, master, isolated: master !== null && params.isolated === true }
  },
  async write(host, params, to, from) {
    const { near, far } = places(host, params)
    if (to === null) {
      await must(host, ['ip', 'link', 'del', 'dev', params.name], { netns: near })
      return
    }
    if (from !== null && from.peer === null) {
      throw new NocError(
        'NOC_SETUP_VETH',
        `The device ${params.name} is there already, but its other end is not ${params.peer}.`,
      )
    }
    if (from === null) {
      const peer = ['peer', 'name', params.peer, ...(far === null || far === near ? [] : ['netns', far])]
      await must(host, ['ip', 'link', 'add', 'name', params.name, 'type', 'veth', ...peer], { netns: near })
    }
    await setEnds(host, params, to)
  },
  // Made, but not yet plugged in or up: whatever it lacks, it is the cable that we made.
  between: (now, before) => (before === null && now?.peer !== null ? 'ours' : 'foreign'),
  show: ({ name }, from, to) => [
    ...(from === null ? [] : [`- ${describe(name, from)}`]),
    ...(to === null ? [] : [`+ ${describe(name, to)}`]),
  ],
}

function describe(name: string, { peer, up, peerUp, master, isolated }: NonNullable<VethState>): string {
  const parts = [
    `cable from ${name} (${upOrDown(up)}) to ${peer ?? 'elsewhere'} (${upOrDown(peerUp)})`,
    ...(master === null ? [] : [`plugged into ${master}`]),
    ...(isolated ? ['isolated'] : []),
  ]
  return parts.join(', ')
}
