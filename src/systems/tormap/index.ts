import { command } from '#core/cli/command.ts'
import type { System } from '#core/system.ts'
import type { TormapConfig } from './config.ts'

/**
 * Most hours of a site: a week, as far as its graphs go at first. 9,000 relays with all that they say are 4.5 MB an hour,
 * so that is a folder of 800 MB, made in half a minute.
 */
const MOST_HOURS = 168

const fileList = (placeholder: string, brief: string) => ({ kind: 'text', placeholder, brief, repeat: true }) as const

/** Where the relays come from and how they are placed: the same for every command that shows a map. */
const inputFlags = {
  consensus: {
    kind: 'text',
    short: 'c',
    placeholder: 'FILE',
    brief: 'A consensus, Onionoo JSON, the folder of a tor, or an hour of the history; otherwise what was fetched last',
  },
  certs: {
    kind: 'text',
    placeholder: 'FILE',
    brief: "The authorities' certificates; otherwise cached-certs beside it",
  },
  microdescs: fileList('FILE', 'Microdescriptors'),
  descriptors: fileList('FILE', 'Server descriptors: bandwidth, contact, platform'),
  authorities: fileList('FILE', 'Trust these authorities: DirAuthority lines, such as a torrc'),
  geo: { kind: 'text', placeholder: 'FILE|none', brief: 'MMDB with the places of addresses' },
  asn: { kind: 'text', placeholder: 'FILE', brief: 'MMDB with autonomous systems' },
  at: {
    kind: 'text',
    placeholder: 'TIME',
    brief: 'Verify as of this time (2022-11-19T10:30Z, now); otherwise the time of the consensus itself',
  },
} as const

const show = command({
  summary: 'Which relays make up the Tor network right now, and who says so',
  details:
    'Says how many relays there are, how many authorities signed that, what changed for the worse, and where the relays are. Exits with 1 when there is a finding.',
  examples: [
    ['tormap', 'what was fetched last'],
    ['tormap --consensus /var/lib/tor', 'what the tor on this machine knows'],
  ],
  flags: { ...inputFlags, all: { kind: 'switch', short: 'a', brief: 'Every country, not only the biggest' } },
  load: async () => (await import('./cli.ts')).show,
})

const fetch = command({
  summary: 'Get the newest consensus, and what belongs to it',
  details:
    'Asks the directory authorities and mirrors in random order, or reads the files of a tor on this machine, and keeps nothing whose signatures do not hold. Says first who will be contacted. What an earlier run got is not asked for again; only changes are, where a consensus is there already. The daemon does this every hour when [tormap] fetch is true.',
  examples: [
    ['tormap fetch --dry-run', 'who would be contacted; nobody is'],
    ['tormap fetch', 'from the directory authorities'],
    ['tormap fetch --socks 127.0.0.1:9050 --mirror 192.0.2.1:9030', 'from a mirror, through Tor'],
    ['tormap fetch --source tor', 'from the tor on this machine, nobody is contacted'],
    ['tormap fetch --json', 'every step as one JSON document a line'],
  ],
  flags: {
    dryRun: { kind: 'switch', short: 'n', brief: 'Only say who would be contacted' },
    source: { kind: 'choice', values: ['directories', 'tor', 'onionoo'], brief: 'Where from' },
    flavour: { kind: 'choice', values: ['ns', 'microdesc'], brief: 'Kind of consensus' },
    mirror: fileList('ADDRESS:PORT', 'Ask this DirPort, and no others'),
    authorities: fileList('FILE', 'Trust these authorities: DirAuthority lines, such as a torrc'),
    socks: { kind: 'text', placeholder: 'ADDRESS:PORT', brief: 'Through this SOCKS port; a path works too' },
    torDirectory: { kind: 'text', placeholder: 'DIR', brief: 'DataDirectory for --source tor' },
    consensusOnly: { kind: 'switch', brief: 'Without descriptors' },
    force: { kind: 'switch', short: 'f', brief: 'Also when the consensus at hand is still fresh' },
  },
  load: async () => (await import('./cli-fetch.ts')).fetch,
})

const build = command({
  summary: 'Make a web site with the map, and the same as KML, KMZ, GeoJSON, CSV, SVG and PNG',
  details:
    'The site works from any web server and from a folder; nobody else is contacted by it. With --hours it has a slider, play and graphs, as the page of the daemon; KML and the other formats show the newest hour.',
  examples: [
    ['tormap build --out ./map', 'from what was fetched last'],
    ['tormap build --hours 24 --out ./map', 'with the hours before it, out of the history of the daemon'],
    ['tormap build --consensus cached-consensus --certs cached-certs --geo city.mmdb', 'from files'],
  ],
  flags: {
    ...inputFlags,
    hours: {
      kind: 'number',
      placeholder: 'N',
      brief: 'Show so many hours of the history, up to the newest or that of --consensus; otherwise only that one',
      min: 1,
      max: MOST_HOURS,
      whole: true,
    },
    out: { kind: 'text', short: 'o', placeholder: 'DIR', brief: 'Write here; otherwise ./tormap' },
    force: { kind: 'switch', brief: 'Replace a folder that is no such site, with all that is in it' },
  },
  load: async () => (await import('./cli-build.ts')).build,
})

const stats = command({
  summary: 'Count the relays by class and by what is known of their places',
  examples: [
    ['tormap stats', 'of what was fetched last'],
    ['tormap stats --consensus cached-consensus --certs cached-certs --geo none --json', 'of files, as JSON'],
  ],
  flags: inputFlags,
  load: async () => (await import('./cli.ts')).stats,
})

const verify = command({
  summary: 'Check the signatures of consensuses; exit 0 when all are good',
  details:
    'Takes consensuses of both flavours, certificates, server descriptors and microdescriptors in any order, compressed or not. A consensus is judged at its own time; --at now asks whether it is valid today.',
  examples: [
    ['tormap verify cached-consensus cached-certs', 'both files, in any order'],
    ['tormap verify /var/lib/tor', 'all that a tor keeps'],
    ['tormap verify --at now cached-microdesc-consensus', 'is it good and still valid'],
  ],
  args: [{ placeholder: 'FILE', brief: 'A document, or the folder of a tor', repeat: true }],
  flags: { certs: inputFlags.certs, authorities: inputFlags.authorities, at: inputFlags.at },
  load: async () => (await import('./cli-verify.ts')).verify,
})

const diff = command({
  summary: 'What changed between two consensuses: new, gone, flags, families, versions, bad exits',
  details: 'Exits with 1 when the newer one has bad exits that the older had not.',
  examples: [
    ['tormap diff', 'what changed between the last two fetches'],
    ['tormap diff 2026-11-21T22:00Z 2026-11-22T06:00Z', 'what changed in a night, by the history of the daemon'],
    ['tormap diff yesterday/cached-consensus cached-consensus', 'what changed between two files'],
  ],
  args: [
    {
      placeholder: 'OLD',
      brief: 'A consensus, the folder of a tor, or a time of the history; otherwise the one before the last',
      optional: true,
    },
    { placeholder: 'NEW', brief: 'The other one; otherwise what was fetched last', optional: true },
  ],
  flags: {
    certs: inputFlags.certs,
    microdescs: inputFlags.microdescs,
    descriptors: inputFlags.descriptors,
    authorities: inputFlags.authorities,
    geo: inputFlags.geo,
    asn: inputFlags.asn,
    at: inputFlags.at,
    all: { kind: 'switch', short: 'a', brief: 'Every relay, not only the first of each kind' },
  },
  load: async () => (await import('./cli-diff.ts')).diff,
})

const find = command({
  summary: 'Find relays by nickname, fingerprint, address, AS, country, family, contact, version or flag',
  details:
    'Words are looked for everywhere; nickname: fingerprint: address: as: country: family: contact: version: flag: class: look in one place. All of them have to fit. Exits with 1 when there is none.',
  examples: [
    ['tormap find country:is flag:Exit', 'exits in Iceland'],
    ['tormap find address:192.0.2.0/24', 'relays of a network'],
    ['tormap find version:0.4.8 class:guard', 'guards with that version'],
  ],
  args: [{ placeholder: 'QUERY', brief: 'What to look for', repeat: true }],
  flags: { ...inputFlags, all: { kind: 'switch', short: 'a', brief: 'Every relay, not only the biggest' } },
  load: async () => (await import('./cli-find.ts')).find,
})

const exportMap = command({
  summary: 'Write the map in one format to stdout or a file',
  examples: [
    ['tormap export --format csv >relays.csv', 'what was fetched last, as CSV'],
    ['tormap export --format kml --class exit --out exits.kml', 'the exits for a globe program'],
  ],
  flags: {
    ...inputFlags,
    format: { kind: 'choice', values: ['kml', 'kmz', 'geojson', 'csv', 'onionoo', 'svg', 'png'], brief: 'Which' },
    class: { kind: 'text', placeholder: 'CLASS', brief: 'Only relays of this class' },
    out: { kind: 'text', short: 'o', placeholder: 'FILE', brief: 'Write here; otherwise to stdout' },
  },
  load: async () => (await import('./cli-export.ts')).exportMap,
})

/** The world map of Tor relays, from a consensus that was verified here. */
export const tormap: System<TormapConfig> = {
  id: 'tormap',
  title: 'Tor map',
  summary: 'Every relay of the Tor network on a map, from a consensus verified here',
  wing: 'world',
  config: () => import('./config.ts').then((module) => module.tormapTable),
  commands: { '': show, fetch, build, stats, verify, diff, find, export: exportMap },
  service: () => import('./service.ts'),
}
