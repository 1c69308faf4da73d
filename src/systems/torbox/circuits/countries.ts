import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type LineFile, countryOf } from '#proto/geoip/geoip.ts'

/** Countries by address, from files on disk. */
export interface Countries {
  /** Two letters; null when unknown, also where the files are missing. */
  of(address: string): string | null
  close(): void
}

/** Opens tor's GeoIP files when they are first needed; a missing one (package tor-geoipdb) knows no country. */
export function openCountries(geoip: string, geoip6: string): Countries {
  const files = new Map<string, { readonly file: LineFile | null; readonly fd: number | null }>()
  const fileAt = (path: string): LineFile | null => {
    const known = files.get(path)
    if (known !== undefined) return known.file
    const opened = open(path)
    files.set(path, opened ?? { file: null, fd: null })
    return opened?.file ?? null
  }
  return {
    of: (address) => {
      const file = fileAt(address.includes(':') ? geoip6 : geoip)
      return file === null ? null : countryOf(address, file)
    },
    close: () => {
      for (const { fd } of files.values()) if (fd !== null) closeSync(fd)
      files.clear()
    },
  }
}

function open(path: string): { readonly file: LineFile; readonly fd: number } | null {
  try {
    const fd = openSync(path, 'r')
    const read = (offset: number, length: number): string => {
      const bytes = Buffer.alloc(length)
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, length, offset))
    }
    return { file: { size: fstatSync(fd).size, read }, fd }
  } catch {
    return null
  }
}
