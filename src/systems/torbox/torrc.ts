/** What tor must be told so that boxes can use it. Pure. */
import type { TorboxConfig } from './config.ts'
import { networkOf } from './rules.ts'
import { dotted } from './root/network.ts'

/** The own instance's user. */
export const TOR_USER = 'noc-torbox'
/** Its service. */
export const TOR_SERVICE = 'noc-torbox'
/** Where the own instance lives. */
export const TOR_HOME = '/var/lib/noc-torbox'
/** Its data; only its user and root get in. */
export const TOR_DATA: string = `${TOR_HOME}/data`
/** SOCKS of the own instance for the boxes of ordinary users. */
export const OWN_SOCKS: string = `${TOR_HOME}/socks`
/** The own instance's configuration. */
export const OWN_TORRC = '/etc/nocturne/torbox.torrc'
/** The configuration of the instance that the package started (Debian). */
export const SYSTEM_TORRC = '/etc/tor/torrc'
/** Its control socket. */
const SYSTEM_CONTROL = '/run/tor/control'

/** Where tor is asked how it is. */
export function controlSocket(config: Pick<TorboxConfig, 'tor' | 'control_socket'>): string {
  if (config.control_socket !== '') return config.control_socket
  return config.tor === 'own' ? `${TOR_DATA}/control` : SYSTEM_CONTROL
}

/**
 * The ports of the bridge. tor binds to the bridge's own address, so nothing needs route_localnet or IP forwarding.
 * IsolateClientAddr (a default, but everything leans on it) gives each box's address its own circuits.
 */
function ports(config: TorboxConfig): string[] {
  const host = dotted(networkOf(config).address)
  return [
    `TransPort ${host}:${config.trans_port} IsolateClientAddr`,
    `DNSPort ${host}:${config.dns_port} IsolateClientAddr`,
    `SocksPort ${host}:${config.socks_port} IsolateClientAddr IsolateSOCKSAuth`,
    'AutomapHostsOnResolve 1',
    `VirtualAddrNetworkIPv4 ${config.virtual_network}`,
  ]
}

/** What is added to the torrc of the system's instance. */
export function systemBlock(config: TorboxConfig): string {
  return `${ports(config).join('\n')}\n`
}

/** The whole torrc of the own instance. */
export function ownTorrc(config: TorboxConfig): string {
  const lines = [
    '# Made by noc torbox.',
    `DataDirectory ${TOR_DATA}`,
    `ControlSocket ${TOR_DATA}/control`,
    'CookieAuthentication 1',
    'Log notice stdout',
    'ClientOnly 1',
    ...ports(config),
    // A box of an ordinary user has no network; it comes here with a login of its own.
    `SocksPort unix:${OWN_SOCKS} WorldWritable IsolateSOCKSAuth`,
    ...config.tor_options,
  ]
  return `${lines.join('\n')}\n`
}
