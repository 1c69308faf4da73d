import * as v from 'valibot'
import type { ConfigTable } from '#core/config/table.ts'
import { parseNetwork } from './root/network.ts'

/** What a program in a box may be let through to, though it is a way out of the box. */
export const KEEPS = ['dbus', 'x11', 'wayland', 'audio', 'agents'] as const
/** One of them. */
export type Keep = (typeof KEEPS)[number]

/** `[torbox]` in nocturne.toml. */
export interface TorboxConfig {
  /** Name of the bridge that root's boxes are plugged into. */
  readonly bridge: string
  /** The host's address on it, with prefix; boxes get the others. */
  readonly address: string
  /** `own`: an instance only for the boxes; `system`: the one that the package started. */
  readonly tor: 'own' | 'system'
  readonly trans_port: number
  readonly dns_port: number
  readonly socks_port: number
  /** Where names ending in .onion appear, for programs that want an address. */
  readonly virtual_network: string
  /** Further lines of the own instance's torrc: bridges, entry nodes ... */
  readonly tor_options: readonly string[]
  /** tor's control socket; empty: the one of the chosen instance. */
  readonly control_socket: string
  /** SOCKS for boxes without root: a socket's path, or address and port; empty: the usual ones, the first that answers. */
  readonly socks: string
  readonly geoip: string
  readonly geoip6: string
  /** Sockets that boxes may reach without being asked for by `--keep`. */
  readonly keep: readonly Keep[]
  /** Further files and folders that no box sees. */
  readonly hide: readonly string[]
}

/** Room for `-254` and the final NUL in a device's name (IFNAMSIZ of linux/if.h is 16). */
const BRIDGE_NAME = /^[a-z][a-z0-9_]{0,10}$/

const port = (meaning: string, fallback: number): v.OptionalSchema<v.GenericSchema<number>, number> =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535), v.description(meaning)), fallback)

const network = (least: number, most: number): ((text: string) => boolean) => {
  return (text) => {
    const parsed = parseNetwork(text)
    return parsed !== null && parsed.prefix >= least && parsed.prefix <= most
  }
}

const path = v.pipe(
  v.string(),
  v.check((text) => text === '' || text.startsWith('/'), 'takes an absolute path'),
)

/** The table `[torbox]`. */
export const torboxTable: ConfigTable<TorboxConfig> = {
  schema: v.strictObject({
    bridge: v.optional(
      v.pipe(
        v.string(),
        v.regex(BRIDGE_NAME, 'takes up to 11 lower-case letters, digits and underscores, a letter first'),
        v.description("Name of the bridge that root's boxes are plugged into"),
      ),
      'tornet',
    ),
    address: v.optional(
      v.pipe(
        v.string(),
        v.check(network(16, 28), 'takes an IPv4 address with a prefix from 16 to 28, like 10.100.100.1/24'),
        v.description("The host's address on the bridge, with prefix; boxes get the others of its network"),
      ),
      '10.100.100.1/24',
    ),
    tor: v.optional(
      v.pipe(
        v.picklist(['own', 'system']),
        v.description('"own": an instance of tor for the boxes alone; "system": the one that the package tor started'),
      ),
      'own',
    ),
    trans_port: port("Port on the bridge where tor takes the boxes' TCP connections", 9040),
    dns_port: port("Port on the bridge where tor answers the boxes' questions for names", 9053),
    socks_port: port('Port on the bridge for programs that speak SOCKS themselves', 9050),
    virtual_network: v.optional(
      v.pipe(
        v.string(),
        v.check(network(8, 24), 'takes an IPv4 network like 172.30.0.0/16'),
        v.description('Addresses that stand for .onion names'),
      ),
      '172.30.0.0/16',
    ),
    tor_options: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.regex(/^[^\r\n]*$/, 'takes one line each'))),
        v.description('Further lines for the torrc of the own instance, e.g. ["UseBridges 1", "Bridge ..."]'),
      ),
      [],
    ),
    control_socket: v.optional(
      v.pipe(path, v.description("tor's control socket; empty: the one of the chosen instance")),
      '',
    ),
    socks: v.optional(
      v.pipe(
        v.string(),
        v.description(
          'Where boxes of ordinary users reach tor by SOCKS, a path or ADDRESS:PORT; empty: the own instance, /run/tor/socks, 127.0.0.1:9050 or 127.0.0.1:9150, the first that answers',
        ),
      ),
      '',
    ),
    geoip: v.optional(
      v.pipe(path, v.description('Countries of IPv4 addresses, as tor-geoipdb brings them')),
      '/usr/share/tor/geoip',
    ),
    geoip6: v.optional(v.pipe(path, v.description('Countries of IPv6 addresses')), '/usr/share/tor/geoip6'),
    keep: v.optional(
      v.pipe(
        v.array(v.picklist(KEEPS)),
        v.description('Ways out that every box keeps open, e.g. ["wayland", "audio"]; --keep does it for one box'),
      ),
      [],
    ),
    hide: v.optional(v.pipe(v.array(path), v.description('Further files and folders that no box sees')), []),
  }),
}
