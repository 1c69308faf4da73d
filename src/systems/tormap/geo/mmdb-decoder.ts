/** Decodes the data of MaxMind DB files, and of it only the keys that are asked for. Pure. */
import { NocError } from '#core/errors.ts'
import type { Bytes } from './bytes.ts'

/** A decoded value; integers beyond 2^53 lose digits, as nothing here needs them. */
export type MmdbValue = string | number | boolean | readonly MmdbValue[] | MmdbRecord

/** A decoded map. */
export interface MmdbRecord {
  readonly [key: string]: MmdbValue | undefined
}

/** Which keys of a map to decode, `true` with all that is below. Where there is no map but a text, it is decoded. */
export interface Wanted {
  readonly [key: string]: Wanted | true
}

/** Deeper nesting is not decoded; city databases have four levels. */
const MAX_DEPTH = 16
/** More values in one record are refused, as pointers could make endless ones; the largest known have some 200. */
const MAX_VALUES = 10_000
/** A longer text is refused, bytes. */
const MAX_TEXT = 64 * 1024
/** Key texts kept, by where they lie; writers store each key once. */
const MAX_KEYS = 1024
/** Values kept of those that pointers lead to, for each place in a record that has some. */
const MAX_SHARED = 1024

// Types of values, as the format numbers them.
const POINTER = 1
const STRING = 2
const DOUBLE = 3
const BYTES = 4
const UINT16 = 5
const UINT32 = 6
const MAP = 7
const INT32 = 8
const UINT64 = 9
const UINT128 = 10
const ARRAY = 11
const BOOLEAN = 14
const FLOAT = 15

/** What is wrong with a database, and where. */
export function damaged(what: string, { name }: Bytes, offset: number): NocError {
  return new NocError('NOC_TORMAP_MMDB', `The geo database ${name} ${what} (at byte ${offset}).`, {
    hint: 'Get it again; it must be an MMDB file, which may be packed with gzip.',
  })
}

/** Decodes the maps of one section; pointers count from its start. */
export function decoder(bytes: Bytes, section: number): (place: number, wanted: Wanted | true) => MmdbRecord {
  const keys = new Map<number, string>()
  const values = new Map<Wanted, Map<number, MmdbValue>>()
  let position = 0
  let type = 0
  let left = 0

  const unsigned = (length: number): number => {
    let number = 0
    for (let index = 0; index < length; index += 1) number = number * 256 + bytes.at(position + index)
    return number
  }

  const scratch = new DataView(new ArrayBuffer(8))
  const floating = (length: number): DataView => {
    for (let index = 0; index < length; index += 1) scratch.setUint8(index, bytes.at(position + index))
    return scratch
  }

  /** Reads the control bytes: sets `type`, moves behind them, and returns the size (or where a pointer leads). */
  const control = (): number => {
    if (position >= bytes.size) throw damaged('is cut', bytes, position)
    left -= 1
    if (left < 0) throw damaged('has a record without end', bytes, position)
    const first = bytes.at(position)
    position += 1
    type = first >> 5
    if (type === POINTER) {
      const extra = (first >> 3) & 3
      const high = extra === 3 ? 0 : first & 7
      const target = high * 256 ** (extra + 1) + unsigned(extra + 1) + ([0, 2048, 526_336, 0][extra] ?? 0)
      position += extra + 1
      return section + target
    }
    if (type === 0) {
      type = 7 + bytes.at(position)
      position += 1
    }
    const size = first & 31
    if (size < 29) return size
    const extra = size - 28
    const total = ([29, 285, 65_821][extra - 1] ?? 0) + unsigned(extra)
    position += extra
    return total
  }

  const text = (size: number): string => {
    if (size > MAX_TEXT || position + size > bytes.size) throw damaged('has a text that is too long', bytes, position)
    return bytes.text(position, size, 'utf8')
  }

  /** Moves to where a pointer leads, runs, and comes back. A pointer never leads to a pointer. */
  const away = <T>(target: number, run: (size: number) => T): T => {
    const back = position
    position = target
    const size = control()
    if (type === POINTER) throw damaged('has a pointer to a pointer', bytes, target)
    const result = run(size)
    position = back
    return result
  }

  const key = (): string => {
    const size = control()
    if (type === POINTER) {
      const known = keys.get(size)
      if (known !== undefined) return known
      const read = away(size, (length) => (type === STRING ? text(length) : ''))
      if (keys.size < MAX_KEYS) keys.set(size, read)
      return read
    }
    if (type !== STRING) throw damaged('has a key that is no text', bytes, position)
    const read = text(size)
    position += size
    return read
  }

  const deeper = (depth: number): number => {
    if (depth >= MAX_DEPTH) throw damaged('is nested too deeply', bytes, position)
    return depth + 1
  }

  /** Moves behind a value, whatever is in it: where that ends is known by counting, so no depth can do harm. */
  const skip = (): void => {
    for (let values = 1; values > 0; values -= 1) {
      const size = control()
      if (type === MAP) values += size * 2
      else if (type === ARRAY) values += size
      else if (type !== POINTER && type !== BOOLEAN) position += size
    }
  }

  const map = (size: number, wanted: Wanted | true, depth: number): MmdbRecord => {
    const record: Record<string, MmdbValue> = {}
    const below = deeper(depth)
    for (let count = size; count > 0; count -= 1) {
      const name = key()
      const part = wanted === true ? true : wanted[name]
      if (part === undefined || name === '__proto__') skip()
      else record[name] = value(part, below)
    }
    return record
  }

  const array = (size: number, wanted: Wanted | true, depth: number): MmdbValue[] => {
    const list: MmdbValue[] = []
    const below = deeper(depth)
    for (let count = size; count > 0; count -= 1) list.push(value(wanted, below))
    return list
  }

  const value = (wanted: Wanted | true, depth: number): MmdbValue => {
    const size = control()
    if (type !== POINTER) return content(size, wanted, depth)
    // Thousands of cities point to the map of their country.
    const shared = wanted === true ? undefined : values.get(wanted)?.get(size)
    return (
      shared ??
      keep(
        wanted,
        size,
        away(size, (length) => content(length, wanted, depth)),
      )
    )
  }

  const keep = (wanted: Wanted | true, place: number, read: MmdbValue): MmdbValue => {
    if (wanted === true) return read
    const known = values.get(wanted)
    if (known === undefined) values.set(wanted, new Map([[place, read]]))
    else if (known.size < MAX_SHARED) known.set(place, read)
    return read
  }

  const content = (size: number, wanted: Wanted | true, depth: number): MmdbValue => {
    if (type === MAP) return map(size, wanted, depth)
    if (type === ARRAY) return array(size, wanted, depth)
    if (type === BOOLEAN) return size !== 0
    const read = scalar(size)
    position += size
    return read
  }

  const scalar = (size: number): string | number => {
    if (type === STRING) return text(size)
    if (type === DOUBLE && size === 8) return floating(8).getFloat64(0)
    if (type === FLOAT && size === 4) return floating(4).getFloat32(0)
    if (type === INT32 && size <= 4) return size === 4 ? unsigned(4) | 0 : unsigned(size)
    if ([UINT16, UINT32, UINT64, UINT128].includes(type) && size <= 16) return unsigned(size)
    // Nothing here wants raw bytes.
    if (type === BYTES) return ''
    throw damaged(`has a value of type ${type} and ${size} bytes`, bytes, position)
  }

  return (place, wanted) => {
    position = place
    left = MAX_VALUES
    const record = value(wanted, 0)
    if (typeof record !== 'object' || Array.isArray(record)) throw damaged('has a record that is no map', bytes, place)
    return record as MmdbRecord
  }
}
