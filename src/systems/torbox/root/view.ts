import type { TorboxConfig } from '../config.ts'
import { networkOf } from '../rules.ts'
import { type ViewWish, hostView } from '../user/host.ts'
import type { BoxView } from '../user/script.ts'
import { RESOLV_CONF } from '../user/view.ts'
import { dotted } from './network.ts'

/** What root's boxes see of the host: as all boxes, but the resolver is behind the bridge. */
export function rootView(config: TorboxConfig, wish: ViewWish): BoxView {
  const view = hostView(wish)
  const resolver = `nameserver ${dotted(networkOf(config).address)}\n`
  return { ...view, files: view.files.map(([path, text]) => [path, text === RESOLV_CONF ? resolver : text]) }
}
