/** Where geo data comes from, and what its makers want said of it. Pure. */
import type { GeoSource } from '../types.ts'
import type { MmdbRecord, MmdbValue } from './mmdb-decoder.ts'

const DAY = 86_400_000
/** The GeoLite licence lets nobody use data older than this; of other data it is the age at which addresses have moved. */
const OLD_DAYS = 30

interface Maker {
  readonly names: RegExp
  readonly licence: string
  readonly attribution: string
}

/** Told by the type of the database; the attributions are those that the makers ask for. */
const MAKERS: readonly Maker[] = [
  {
    names: /geolite/i,
    licence: 'GeoLite End User License Agreement',
    attribution: 'This product includes GeoLite data created by MaxMind, available from https://www.maxmind.com.',
  },
  {
    names: /geoip2|^geoip/i,
    licence: 'GeoIP End User License Agreement',
    attribution: 'This product includes GeoIP data created by MaxMind, available from https://www.maxmind.com.',
  },
  { names: /db-?ip/i, licence: 'CC BY 4.0', attribution: 'IP geolocation by DB-IP, https://db-ip.com.' },
  {
    names: /ipinfo/i,
    licence: 'CC BY-SA 4.0',
    attribution: 'IP address data is powered by IPinfo, https://ipinfo.io.',
  },
]

/** What an MMDB file says of itself; `file` is its name, which often says more than its metadata. */
export function mmdbSource(metadata: MmdbRecord, file: string, now: number): GeoSource {
  const type = string(metadata['database_type'])
  const description = metadata['description']
  const english = typeof description === 'object' && 'en' in description ? string(description['en']) : ''
  const built = metadata['build_epoch']
  const maker = MAKERS.find(({ names }) => [type, english, file].some((text) => names.test(text)))
  const name = maker === undefined || maker.names.test(type) ? type : file.replace(/\.mmdb(\.gz)?$/, '')
  return source(name || file, typeof built === 'number' ? built * 1000 : null, now, {
    licence: maker?.licence ?? 'not stated in the file',
    attribution: maker?.attribution ?? (english === '' ? `Geo data from ${name || file}.` : `Geo data: ${english}.`),
  })
}

/** What the comments at the start of tor's GeoIP files say. */
export function geoipSource(head: string, now: number): GeoSource {
  const field = (name: string): string | null => new RegExp(`^# *${name}: +(.+)$`, 'm').exec(head)?.[1]?.trim() ?? null
  const built = Date.parse(field('Generated') ?? '')
  const vendor = field('Vendor')
  const licence = field('License') ?? 'not stated in the file'
  return source('tor-geoipdb', Number.isNaN(built) ? null : built, now, {
    licence,
    attribution:
      vendor === 'IPFire Project'
        ? 'Countries from the IPFire Location database, https://location.ipfire.org/.'
        : `Countries from the GeoIP files of tor${vendor === null ? '' : `, made by ${vendor}`}.`,
  })
}

function source(
  name: string,
  built: number | null,
  now: number,
  { licence, attribution }: { readonly licence: string; readonly attribution: string },
): GeoSource {
  const days = built === null ? 0 : Math.floor((now - built) / DAY)
  const law = /geolite/i.test(licence) ? '; its licence asks for newer data after 30' : '; addresses may have moved'
  return {
    name,
    built,
    licence,
    attribution,
    warning: days > OLD_DAYS ? `The geo data is ${days} days old${law}.` : null,
  }
}

function string(value: MmdbValue | undefined): string {
  return typeof value === 'string' ? value.slice(0, 200) : ''
}
