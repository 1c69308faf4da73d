/** All that `noc torbox apply` changes on a host, and why. The steps follow from the configuration alone. */
import {
  address,
  bridge,
  debianPackage,
  directory,
  file,
  nftTable,
  service,
  sysctl,
  torrcBlock,
  user,
} from '#core/host/setup/kinds/index.ts'
import { type Kind, type Setup, type Step, type SysctlParams, step } from '#core/host/setup/types.ts'
import { BOOT_WANTS, NETWORK_UNIT, RULES_FILE, bootWants, networkUnit, rulesFile } from './boot.ts'
import type { TorboxConfig } from './config.ts'
import { addressFree, bridgeFree } from './root/guards.ts'
import { leavesThroughTor } from './root/probe.ts'
import { routingRule } from './routing-rule.ts'
import { TABLE, bridgeRules, inetRules } from './rules.ts'
import { OWN_TORRC, SYSTEM_TORRC, TOR_DATA, TOR_HOME, TOR_SERVICE, TOR_USER, ownTorrc, systemBlock } from './torrc.ts'

const MANUAL = 'docs/torbox.md'

/** As `sysctl`, for a value that a kernel without IPv6 has no place for: there is nothing to be done then. */
const ipv6Sysctl: Kind<SysctlParams, string | null> = {
  ...sysctl,
  name: 'ipv6-sysctl',
  id: ({ key }) => `ipv6-sysctl:${key}`,
  async want(params, now, host) {
    const { code } = await host.run(['test', '-e', '/proc/sys/net/ipv6'])
    return code === 0 ? sysctl.want(params, now, host) : null
  },
}

function network(config: TorboxConfig): { readonly gateway: Step; readonly all: readonly Step[] } {
  const { bridge: name, address: own } = config
  const programs = step(
    debianPackage,
    { names: ['tor', 'nftables', 'iproute2'] },
    { why: 'tor carries what the boxes send, nft steers and guards it, ip lays the cables.' },
  )
  const guard = step(
    nftTable,
    { family: 'inet', name: TABLE, rules: inetRules(config) },
    {
      why: 'What a box sends goes to tor or is dropped and counted. A rule can name an interface that is not there yet: loaded before the bridge, it leaves no moment in which a packet passes.',
      source: `${MANUAL}#the-rules`,
      needs: [programs],
    },
  )
  const ports = step(
    nftTable,
    { family: 'bridge', name: TABLE, rules: bridgeRules(config) },
    {
      why: "Each box may only use its own address: tor keeps circuits apart by it, so another box's address would be another box's identity.",
      source: `${MANUAL}#the-rules`,
      needs: [programs],
    },
  )
  const confined = ([4, 6] as const).map((family) =>
    step(
      routingRule,
      { family, device: name },
      {
        why: 'What comes from a box gets to this host or nowhere, whatever becomes of the rules of nft, and although Docker and others switch forwarding on for every interface.',
        source: `${MANUAL}#when-the-rules-are-gone`,
        needs: [programs],
      },
    ),
  )
  const device = step(
    bridge,
    { name },
    {
      why: 'Boxes are plugged in here. No interface of the host is, so there is no wire that leads out.',
      needs: [guard, ports, ...confined],
      guard: (host) => bridgeFree(host, config),
    },
  )
  const closed = { needs: [device], source: `${MANUAL}#when-the-rules-are-gone` }
  const off = (key: string, why: string): Step =>
    step(sysctl, { key: `net.ipv4.conf.${name}.${key}`, value: '0' }, { ...closed, why })
  const values = [
    off(
      'forwarding',
      'The kernel forwards nothing that comes from a box. The same as the routing rules say, from another side.',
    ),
    off(
      'route_localnet',
      "The host's services on 127.0.0.1 stay out of reach. The usual redirection to a tor on 127.0.0.1 needs it open; ours listens on the bridge.",
    ),
    step(
      ipv6Sysctl,
      { key: `net.ipv6.conf.${name}.disable_ipv6`, value: '1' },
      {
        ...closed,
        why: 'Without an IPv6 address on the bridge there is no link-local way to the services of the host.',
      },
    ),
  ]
  const gateway = step(
    address,
    { device: name, address: own },
    {
      why: 'Where boxes find tor. It comes after everything that closes the bridge.',
      needs: [device, ...values],
      guard: (host) => addressFree(host, config),
    },
  )
  return { gateway, all: [programs, guard, ports, ...confined, device, ...values, gateway] }
}

/** After a restart of the machine: without it, a tor that binds to the bridge could not start. */
function boot(config: TorboxConfig): readonly Step[] {
  const why =
    'After a restart of the machine the rules come first, then the bridge, then tor, which could not start without its address.'
  const plain = (path: string, content: string): Step =>
    step(file, { path, content, mode: '0644' }, { why, source: `${MANUAL}#after-a-restart` })
  const folder = (path: string): Step => step(directory, { path }, { why: 'A place for what follows.' })
  return [
    ...['/etc/nocturne', '/etc/systemd', '/etc/systemd/system', '/etc/systemd/system/multi-user.target.d'].map(folder),
    plain(RULES_FILE, rulesFile(config)),
    plain(NETWORK_UNIT, networkUnit(config)),
    plain(BOOT_WANTS, bootWants()),
  ]
}

/** An instance for the boxes alone. */
function ownTor(config: TorboxConfig, gateway: Step): readonly Step[] {
  const owner = `${TOR_USER}:${TOR_USER}`
  const account = step(
    user,
    { name: TOR_USER, home: TOR_HOME },
    { why: 'The instance shares neither files nor rights with any other tor here.' },
  )
  const home = step(
    directory,
    { path: TOR_HOME, mode: '0755', owner, disposable: true },
    { why: 'A home for it. The socket for the boxes of ordinary users lies here.', needs: [account] },
  )
  const data = step(
    directory,
    { path: TOR_DATA, mode: '0700', owner, disposable: true },
    {
      why: 'Its guards, the directory of the network and its control socket, which tells everything about the boxes: for it and root alone.',
      needs: [home],
    },
  )
  const daemon = step(
    service,
    { name: TOR_SERVICE, exec: ['/usr/bin/tor', '--defaults-torrc', '/dev/null', '-f', OWN_TORRC], user: TOR_USER },
    {
      why: "A tor of its own: the boxes' load, guards and restarts are not those of a relay or a service on this machine.",
      needs: [data, gateway],
      probe: leavesThroughTor(config),
    },
  )
  const settings = step(
    file,
    {
      path: OWN_TORRC,
      content: ownTorrc(config),
      // Addresses of bridges are nobody else's business.
      mode: '0640',
      owner: `root:${TOR_USER}`,
      // Asked by root, tor would refuse the data directory of another user; this one is not looked for.
      check: [
        'tor',
        '--verify-config',
        '--defaults-torrc',
        '/dev/null',
        '--DataDirectory',
        '/nonexistent/tor',
        '-f',
        '{}',
      ],
    },
    {
      why: "tor listens on the bridge's own address: then nothing needs IP forwarding or route_localnet. Each box's address gets its own circuits.",
      source: 'tor(1): TransPort, DNSPort, IsolateClientAddr',
      needs: [account, gateway],
      notify: [daemon],
    },
  )
  return [account, home, data, settings, daemon]
}

/** The instance that the package started. */
function systemTor(config: TorboxConfig, gateway: Step): readonly Step[] {
  const daemon = step(
    service,
    { name: 'tor' },
    { why: 'The boxes use the tor that runs here already.', needs: [gateway], probe: leavesThroughTor(config) },
  )
  const block = step(
    torrcBlock,
    { path: SYSTEM_TORRC, name: 'torbox', content: systemBlock(config) },
    {
      why: "tor listens on the bridge's own address too: then nothing needs IP forwarding or route_localnet. Each box's address gets its own circuits.",
      source: 'tor(1): TransPort, DNSPort, IsolateClientAddr',
      needs: [gateway],
      notify: [daemon],
    },
  )
  return [block, daemon]
}

/** The sandbox for root: a bridge whose only way out is tor. */
export const torboxSetup: Setup<TorboxConfig> = {
  name: 'torbox',
  summary: 'A bridge for boxes whose only way out is Tor',
  kinds: [ipv6Sysctl, routingRule],
  steps(config) {
    const { gateway, all } = network(config)
    const registry = ['/run/nocturne', '/run/nocturne/torbox'].map((path, index) =>
      step(directory, index === 0 ? { path } : { path, mode: '0700', disposable: true }, {
        why: 'Running boxes are written down here; only root may look.',
      }),
    )
    const tor = config.tor === 'own' ? ownTor(config, gateway) : systemTor(config, gateway)
    return [...all, ...boot(config), ...registry, ...tor]
  },
}
