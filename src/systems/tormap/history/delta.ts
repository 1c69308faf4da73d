/** What changed from one hour to the next as bytes, and an hour made from such bytes. Pure. */
import type { RelayMap } from '../types.ts'
import { type ByteReader, type ByteWriter, byteReader, byteWriter, damaged } from './bytes.ts'
import { groupFamilies } from './families.ts'
import { type Column, FIELDS, MOST_SMALL, NAMES, NOTHING } from './fields.ts'
import { type Table, memo, relaySteps } from './rows.ts'

/** Version of the layout, the first number of every delta. */
const FORMAT = 1
/** Largest number of a column: differences of two are still exact when they are folded. */
const MOST = 2 ** 50
/** More relays than any network has; keeps a damaged file from asking for all memory. */
const MOST_RELAYS = 1_000_000

/**
 * An hour in columns. Relays have slots that they keep while they stay; texts have numbers that they keep, so that
 * a delta names only what is new.
 */
export interface State extends Table {
  /** Slots in use, also those of relays that are gone. */
  readonly slots: number
  /** Numbers of texts: name and JSON of each part of what is known beside the relays. */
  readonly header: readonly number[]
}

/** Before everything: a delta of this is a whole hour. */
export const NO_STATE: State = {
  order: new Int32Array(0),
  columns: FIELDS.map(({ kind }) => (kind === 'number' ? new Float64Array(0) : new Int32Array(0))),
  slots: 0,
  texts: [],
  header: [],
  memo: memo(0),
}

/** What has to be done to `base` to make it `map`. */
export function encodeDelta(base: State, map: RelayMap): Uint8Array {
  const ids = new Map(base.texts.map((text, id) => [text, id]))
  const added: string[] = []
  const idOf = (text: string): number => {
    const known = ids.get(text)
    if (known !== undefined) return known
    ids.set(text, ids.size)
    added.push(text)
    return ids.size - 1
  }
  const { removed, inserted, slots } = align(base, map.relays)
  const group = base.columns[NAMES.indexOf('group')]
  const groups = groupFamilies(map.relays, (row) => group?.[slots[row] ?? NOTHING] ?? NOTHING)
  const body = byteWriter()
  positions(body, removed)
  positions(body, inserted)
  for (const [index, { kind, get }] of FIELDS.entries()) {
    const column = base.columns[index]
    const changed: number[] = []
    const values: number[] = []
    let last = 0
    for (const [row, relay] of map.relays.entries()) {
      const raw = get(relay, groups)
      const before = column?.[slots[row] ?? NOTHING] ?? NOTHING
      // Nearly always; comparing two texts is faster than looking one up.
      if (kind === 'text' && raw === (base.texts[before] ?? null)) continue
      const value = typeof raw === 'string' ? idOf(raw) : whole(raw, kind === 'small' ? MOST_SMALL : MOST)
      if (value === before) continue
      changed.push(row)
      // New texts have numbers one after the other; other numbers stay near what they were.
      values.push(value - (kind === 'text' ? last : before))
      last = value
    }
    positions(body, changed, map.relays.length)
    for (const value of values) body.number(value)
  }
  const header = headerParts(map).flatMap(([name, json]) => [idOf(name), idOf(json)])
  body.number(header.length)
  for (const id of header) body.number(id)
  const head = byteWriter()
  head.number(FORMAT)
  head.texts(added)
  return Buffer.concat([head.bytes(), body.bytes()])
}

/** What can be written: foreign JSON may hold any number. */
function whole(value: number | null, most: number): number {
  return value !== null && value >= 0 ? Math.min(Math.round(value), most) : NOTHING
}

/** Which relays of the base are gone, which are new, and in which slot each of the others is (NOTHING: new). */
function align(
  { order, columns, texts }: State,
  relays: RelayMap['relays'],
): { readonly removed: readonly number[]; readonly inserted: readonly number[]; readonly slots: readonly number[] } {
  const removed: number[] = []
  const inserted: number[] = []
  let at = 0
  const slots = relays.map(({ entry: { fingerprint } }, row) => {
    for (; at < order.length; at += 1) {
      const slot = order[at] ?? 0
      const before = texts[columns[0]?.[slot] ?? NOTHING] ?? ''
      if (before > fingerprint) break
      if (before === fingerprint) {
        at += 1
        return slot
      }
      removed.push(at)
    }
    inserted.push(row)
    return NOTHING
  })
  for (; at < order.length; at += 1) removed.push(at)
  return { removed, inserted, slots }
}

/** Instead of a count: every row there is, as in a whole hour. */
const ALL = -1

/** Ascending positions as the gaps between them. */
function positions(body: ByteWriter, rows: readonly number[], all?: number): void {
  if (rows.length === all) return body.number(ALL)
  body.number(rows.length)
  let last = -1
  for (const row of rows) {
    body.number(row - last - 1)
    last = row
  }
}

/** Makes the next hour from `base`, which stays as it is, by one delta after the other. */
export function applyDeltas(base: State, deltas: readonly Uint8Array[]): State {
  const texts = base.texts.slice()
  let state: State = { ...base, columns: base.columns.map((column) => column.slice()) }
  for (const delta of deltas) state = patch(state, texts, byteReader(delta))
  return base === NO_STATE ? { ...state, memo: memo(texts.length) } : state
}

/** Works on the columns and texts in place: both belong to this run of deltas. */
function patch(state: State, texts: string[], reader: ByteReader): State {
  if (reader.number() !== FORMAT) throw damaged()
  for (const text of reader.texts()) texts.push(text)
  const removed = readPositions(reader, state.order.length)
  // As many as there are places for them: the number of rows follows from it.
  const inserted = readPositions(reader, MOST_RELAYS)
  const count = inserted.length
  const rows = state.order.length - removed.length + count
  if ((inserted.at(-1) ?? -1) >= rows || rows > MOST_RELAYS) throw damaged()
  const order = merge(state.order, removed, inserted, state.slots)
  const slots = state.slots + count
  const columns = state.columns.map((column) => grown(column, state.slots, slots))
  const everyRow = Int32Array.from({ length: rows }, (_, row) => row)
  for (const [index, { kind }] of FIELDS.entries()) {
    const column = columns[index] ?? new Int32Array(0)
    const changed = readPositions(reader, rows, everyRow)
    if (kind === 'text') patchTexts(reader, column, order, changed, texts.length)
    else patchNumbers(reader, column, order, changed)
  }
  const header = Array.from({ length: reader.count() }, () => reader.number())
  reader.end()
  return { order, columns, slots, texts, header, memo: state.memo }
}

function readPositions(reader: ByteReader, rows: number, everyRow?: Int32Array): Int32Array {
  const count = reader.count(everyRow === undefined ? 0 : ALL)
  if (everyRow !== undefined && count === ALL) return everyRow
  const found = new Int32Array(count)
  let last = -1
  for (let index = 0; index < count; index += 1) {
    last += reader.number() + 1
    if (!(last < rows)) throw damaged()
    found[index] = last
  }
  return found
}

/** The slots of the relays that stay and of the new ones, in the new order. */
function merge(order: Int32Array, removed: Int32Array, inserted: Int32Array, slots: number): Int32Array {
  const merged = new Int32Array(order.length - removed.length + inserted.length)
  let from = 0
  let gone = 0
  let added = 0
  for (let row = 0; row < merged.length; row += 1) {
    if (inserted[added] === row) {
      merged[row] = slots + added
      added += 1
      continue
    }
    while (removed[gone] === from) {
      from += 1
      gone += 1
    }
    merged[row] = order[from] ?? 0
    from += 1
  }
  return merged
}

/** Some room more than is needed, so that the next hours need not copy again. */
function grown(column: Column, used: number, slots: number): Column {
  if (slots <= column.length) return column
  const length = Math.ceil(slots * 1.05)
  const larger = column instanceof Float64Array ? new Float64Array(length) : new Int32Array(length)
  larger.fill(NOTHING, used)
  larger.set(column.subarray(0, used))
  return larger
}

function patchNumbers(reader: ByteReader, column: Column, order: Int32Array, rows: Int32Array): void {
  for (const row of rows) {
    const slot = order[row] ?? 0
    column[slot] = (column[slot] ?? 0) + reader.number()
  }
}

function patchTexts(reader: ByteReader, column: Column, order: Int32Array, rows: Int32Array, texts: number): void {
  let last = 0
  for (const row of rows) {
    last += reader.number()
    if (last >= texts) throw damaged()
    column[order[row] ?? 0] = last
  }
}

/** Everything but the relays, by name, as JSON: most of it is the same text hour after hour. */
function headerParts({ consensus, relays: _relays, ...rest }: RelayMap): [string, string][] {
  // A signature is worth nothing without the document that it signs.
  const signatures = consensus.signatures.map(({ signature: _bytes, ...signature }) => signature)
  const parts = { ...rest, ...prefixed({ ...consensus, signatures }) }
  return Object.entries(parts).map(([name, value]) => [name, JSON.stringify(value)])
}

const PREFIX = 'consensus.'

function prefixed(consensus: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(consensus).map(([name, value]) => [`${PREFIX}${name}`, value]))
}

/** Makes the map of an hour, with the stops and the `drawn` of `relaySteps`. */
export function* mapSteps(state: State, drawn = false): Generator<void, RelayMap> {
  const { header, texts } = state
  const rest: Record<string, unknown> = {}
  const consensus: Record<string, unknown> = {}
  for (let index = 0; index + 1 < header.length; index += 2) {
    const name = texts[header[index] ?? 0] ?? ''
    const value: unknown = JSON.parse(texts[header[index + 1] ?? 0] ?? 'null')
    if (name.startsWith(PREFIX)) consensus[name.slice(PREFIX.length)] = value
    else rest[name] = value
  }
  const { signatures } = consensus as { signatures: RelayMap['consensus']['signatures'] }
  const whole = { ...consensus, signatures: signatures.map((one) => ({ ...one, signature: new Uint8Array(0) })) }
  // Written by headerParts, from the same types.
  const map: unknown = { ...rest, consensus: whole, relays: yield* relaySteps(state, drawn) }
  return map as RelayMap
}
