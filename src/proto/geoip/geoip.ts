/**
 * Countries of relays, from tor's own GeoIP files (Debian package tor-geoipdb): sorted lines `LOW,HIGH,CC`. They are
 * searched where they lie, some twenty short reads an address, because parsed they would cost tens of megabytes. Pure.
 */
import { addressBytes } from '#proto/netlink/address.ts'

/** A text file in reach; offsets and lengths in bytes. */
export interface LineFile {
  readonly size: number
  /** At most `length` bytes from `offset`, as text (the files are ASCII). */
  read(offset: number, length: number): string
}

/** Bytes of one look; the longest line of geoip6 has 81. */
const WINDOW = 512

/** An address as a number: of 32 bits for IPv4, of 128 for IPv6. */
type Numeric = number | bigint

/** Two-letter country (ISO 3166-1) of an address of the file's family; null when the file doesn't know one. */
export function countryOf(address: string, file: LineFile): string | null {
  const wanted = numeric(address)
  if (wanted === null) return null
  // Invariant: the line we look for starts at or after `from` and before `to`.
  let [from, to] = [0, file.size]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const line = lineFrom(file, middle)
    if (line === null || line.start >= to) {
      to = middle
      continue
    }
    // A comment, or anything else that is no range, is passed over.
    const first = numeric(line.text.slice(0, Math.max(0, line.text.indexOf(','))))
    if (first !== null && first > wanted) {
      to = middle
      continue
    }
    const [, high = '', country = ''] = line.text.split(',')
    const last = first === null ? null : numeric(high)
    if (last !== null && last >= wanted) return /^[A-Z]{2}\s*$/.test(country) ? country.trimEnd() : null
    from = line.start + line.text.length + 1
  }
  return null
}

/** The first whole line that starts at or after `offset`. */
function lineFrom(file: LineFile, offset: number): { readonly start: number; readonly text: string } | null {
  const back = Math.max(0, offset - 1)
  const text = file.read(back, WINDOW)
  const skip = offset === 0 ? 0 : text.indexOf('\n') + 1
  if (offset > 0 && skip === 0) return null
  const end = text.indexOf('\n', skip)
  if (end < 0 && back + text.length < file.size) return null
  const line = text.slice(skip, end < 0 ? undefined : end)
  return line === '' && end < 0 ? null : { start: back + skip, text: line }
}

/** Of an address, or of a number as the IPv4 file writes it; null for anything else. */
function numeric(text: string): Numeric | null {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  const bytes = addressBytes(text)
  if (bytes === null) return null
  const hex = `0x${Buffer.from(bytes).toString('hex')}`
  return bytes.length === 4 ? Number(hex) : BigInt(hex)
}
