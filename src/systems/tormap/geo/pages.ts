import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { NocError } from '#core/errors.ts'
import { type Bytes, wordOf } from './bytes.ts'

/** One read, 16 KiB: neighbours are asked for one after the other, and a read costs more than what it copies. */
const PAGE_BITS = 14
const PAGE = 1 << PAGE_BITS
/** Pages kept, 4 MiB: what 10,000 look-ups in GeoLite2-City touch more than once. */
const SLOTS = 256
/** Largest database, 2 GiB; the largest city databases known have a quarter of it. */
const MAX_SIZE = 2 ** 31 - 1

/** A file that is read page by page where it is needed, through a cache of bounded size. */
export interface PagedFile extends Bytes {
  close(): void
}

/** Opens a database too large to be held in memory; `name` is for messages. Throws what `openSync` throws. */
export function openPages(path: string, name: string = basename(path)): PagedFile {
  const fd = openSync(path, 'r')
  const { size } = fstatSync(fd)
  if (size > MAX_SIZE) {
    closeSync(fd)
    throw new NocError('NOC_TORMAP_GEO_SIZE', `${path} is larger than any geo database known.`)
  }
  const pages = Math.ceil(size / PAGE)
  const cache = Buffer.allocUnsafeSlow(Math.min(SLOTS, pages) * PAGE)
  // 1 + the slot of a page, 0 for one that is not there; and the page of a slot.
  const slotOf = new Uint16Array(pages)
  const pageOf = new Int32Array(SLOTS).fill(-1)
  let next = 0
  let lastPage = -1
  let base = 0

  const load = (page: number): void => {
    lastPage = page
    let slot = (slotOf[page] ?? 0) - 1
    if (slot < 0) {
      slot = next
      next = (next + 1) % SLOTS
      const evicted = pageOf[slot] ?? -1
      if (evicted >= 0) slotOf[evicted] = 0
      readSync(fd, cache, slot * PAGE, PAGE, page * PAGE)
      pageOf[slot] = page
      slotOf[page] = slot + 1
    }
    base = slot * PAGE
  }

  const at = (offset: number): number => {
    if (offset < 0 || offset >= size) return 0
    const page = offset >>> PAGE_BITS
    if (page !== lastPage) load(page)
    return cache[base + (offset & (PAGE - 1))] ?? 0
  }

  const word = (offset: number): number => {
    if (offset < 0 || (offset & (PAGE - 1)) > PAGE - 4 || offset + 4 > size)
      return ((at(offset) << 24) | (at(offset + 1) << 16) | (at(offset + 2) << 8) | at(offset + 3)) >>> 0
    const page = offset >>> PAGE_BITS
    if (page !== lastPage) load(page)
    return wordOf(cache, base + (offset & (PAGE - 1)))
  }

  const copy = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
    for (let done = 0; done < bytes.length;) {
      const page = (offset + done) >>> PAGE_BITS
      if (page !== lastPage) load(page)
      const from = (offset + done) & (PAGE - 1)
      done += cache.copy(bytes, done, base + from, base + PAGE)
    }
    return bytes
  }

  const text = (offset: number, length: number, encoding: 'utf8' | 'latin1'): string => {
    const from = offset & (PAGE - 1)
    // Nearly always it is all on one page, and needs no copy.
    if (from + length > PAGE || offset + length > size) return copy(offset, length).toString(encoding)
    const page = offset >>> PAGE_BITS
    if (page !== lastPage) load(page)
    return cache.toString(encoding, base + from, base + from + length)
  }

  return { name, size, at, word, copy, text, close: () => closeSync(fd) }
}
