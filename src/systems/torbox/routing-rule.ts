import { NocError } from '#core/errors.ts'
import { inside, must } from '#core/host/setup/host.ts'
import type { Kind } from '#core/host/setup/types.ts'

/** Which packets no route is looked up for: those of IPv4 or IPv6 that come in by this device. */
export type RoutingRuleParams = { readonly family: 4 | 6; readonly device: string }

/** Before the main table, after the host's own addresses, which stay reachable (ip-rule(8)). */
export const PRIORITY = 100

interface Rule {
  readonly priority: number
  readonly iif?: string
  readonly action?: string
}

/**
 * A rule that lets packets from a device come to the host itself, and nowhere else. `forwarding=0` says the same, but
 * whoever writes net.ipv4.ip_forward=1 (Docker does) sets it back on every interface; and nft's rules go with a flush.
 * null: there is none.
 */
export const routingRule: Kind<RoutingRuleParams, 'blackhole' | null> = {
  name: 'routing-rule',
  invert: 'exact',
  id: ({ family, device }) => `routing-rule:IPv${family} from ${device}`,
  async read(host, { family, device }) {
    const { code, out, err } = await host.run(['ip', `-${family}`, '-json', 'rule', 'show'], inside(host, {}))
    // A kernel without IPv6.
    if (code !== 0 && family === 6) return null
    if (code !== 0) throw new NocError('NOC_SETUP_PROGRAM', `ip rule show failed: ${err.trim()}`)
    const rules = JSON.parse(out || '[]') as readonly Rule[]
    const ours = ({ priority, iif, action }: Rule): boolean =>
      priority === PRIORITY && iif === device && action === 'blackhole'
    return rules.some(ours) ? 'blackhole' : null
  },
  async want({ family }, _, host) {
    if (family === 4) return 'blackhole'
    return (await host.run(['ip', '-6', 'rule', 'show'], inside(host, {}))).code === 0 ? 'blackhole' : null
  },
  async write(host, { family, device }, to) {
    const rule = ['priority', String(PRIORITY), 'iif', device, 'blackhole']
    await must(host, ['ip', `-${family}`, 'rule', to === null ? 'del' : 'add', ...rule], inside(host, {}))
  },
  show: ({ family, device }, from, to) => [
    ...(from === null ? [] : [`- IPv${family} from ${device}: nowhere but to this host`]),
    ...(to === null ? [] : [`+ IPv${family} from ${device}: nowhere but to this host`]),
  ],
}
