/** Places by country alone, from tor's own GeoIP files (Debian package tor-geoipdb). */
import { type LineFile, countryOf } from '#proto/geoip/geoip.ts'
import type { Place } from '../types.ts'
import { type Geo, NOWHERE } from './geo.ts'
import type { PagedFile } from './pages.ts'
import { countryPlace } from './records.ts'
import { geoipSource } from './source.ts'

/** Bytes at the start of a file in which its comments are looked for. */
const HEAD = 4096
/** Texts kept: the searches of all addresses begin at the same places. Some 2 MiB. */
const MAX_KEPT = 4096

/** `ipv6` is null when there is no such file. */
export function countriesGeo(ipv4: PagedFile, ipv6: PagedFile | null, now: number): Geo {
  const lines4 = lineFile(ipv4)
  const lines6 = ipv6 === null ? null : lineFile(ipv6)
  return {
    source: geoipSource(ipv4.text(0, HEAD, 'latin1'), now),
    lookup: (address): Place => {
      const lines = address.includes(':') ? lines6 : lines4
      return lines === null ? NOWHERE : countryPlace(countryOf(address, lines))
    },
    close: () => {
      ipv4.close()
      ipv6?.close()
    },
  }
}

function lineFile(file: PagedFile): LineFile {
  const kept = new Map<number, string>()
  return {
    size: file.size,
    read: (offset, length) => {
      const known = kept.get(offset)
      if (known !== undefined) return known
      const read = file.text(offset, length, 'latin1')
      if (kept.size < MAX_KEPT) kept.set(offset, read)
      return read
    },
  }
}
