/** The map over time: every hour in one SQLite file, most of them as what changed since the one before. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'
import { NocError, exitCode } from '#core/errors.ts'
import { migrate } from '#core/store/migrate.ts'
import { makeDataDirectory } from '#core/store/open.ts'
import { openSqlite } from '#core/store/sqlite.ts'
import type { RelayMap } from '../types.ts'
import type { CountsWire } from '../wire.ts'
import { damaged } from './bytes.ts'
import { type ClassCount, countClasses, countsWire } from './counts.ts'
import { NO_STATE, type State, applyDeltas, deltaSteps, mapOf } from './delta.ts'
import { historyMigrations } from './schema.ts'

/** Name of the file in the history's folder. */
export const HISTORY_FILE = 'history.sqlite'

/**
 * An hour is a delta of the one before; every STEPS-th is a delta of its root, so that no hour is far from it; the
 * root is whole, and a new one begins after ROOT_MS. By `npm run bench -- tormap/history`: other values made a month
 * larger or an hour slower to open.
 */
const STEPS = 12
const ROOT_MS = 7 * 24 * 3_600_000
/** Hours kept in memory as columns and texts, some 10 MB each: roots, so that one can jump between weeks, and others. */
const MOST_KEPT = { roots: 3, others: 2 }
/** Pages of 4 KiB in the write-ahead log before they go into the file itself. */
const LOG_PAGES = 256
/** Largest hour, unpacked, bytes: 50,000 relays have some 15 MB. */
const MOST_BYTES = 256 * 1024 * 1024
/** Longest work in one go while an hour is kept, ms: others wait for the daemon meanwhile. */
const SLICE_MS = 10
/** How long a relay is remembered after it was last seen, beyond what is pruned, ms: `last` is not exact. */
const FORGET_MS = 24 * 3_600_000

/** The hours that are known. Times are ms since 1970, an hour is named by its valid-after time. */
export interface History {
  /** Keeps an hour; one that is known stays, unless it was not verified and this one is. False: nothing was kept. */
  add(map: RelayMap): Promise<boolean>
  /** Oldest first. */
  hours(): readonly number[]
  /** The map of that hour; one that is not known is an error. */
  open(validAfter: number): Promise<RelayMap>
  /** The same in half the time, without descriptors: for `mapWire` and `namesWire`, and for nothing else. */
  openDrawn(validAfter: number): Promise<RelayMap>
  /** How many relays each class had, and how much bandwidth. */
  counts(from: number, to: number): CountsWire
  /** The first hour that had this relay; null: none. */
  firstSeen(fingerprint: string): number | null
  /** Forgets the hours before this time. */
  prune(before: number): Promise<void>
  close(): void
}

interface HourRow {
  readonly valid_after: number
  readonly base: number | null
  readonly root: number
  readonly step: number
  readonly verified: number
}

/** Opens the history in `folder`, which is made when it is not there. */
export async function openHistory(folder: string, now: number): Promise<History> {
  makeDataDirectory(folder)
  const db = await openSqlite(join(folder, HISTORY_FILE))
  // One writer, once an hour: a small log is enough, and it counts as part of the history's size.
  db.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}; PRAGMA journal_size_limit = ${LOG_PAGES * 4096}`)
  migrate(db, historyMigrations, now)
  const columns = 'valid_after, base, root, step, verified'
  const sql = {
    hour: db.prepare<HourRow>(`SELECT ${columns} FROM hour WHERE valid_after = ?`),
    before: db.prepare<HourRow>(`SELECT ${columns} FROM hour WHERE valid_after < ? ORDER BY valid_after DESC LIMIT 1`),
    rests: db.prepare('SELECT 1 FROM hour WHERE base = ? LIMIT 1'),
    delta: db.prepare<{ base: number | null; delta: Uint8Array }>('SELECT base, delta FROM hour WHERE valid_after = ?'),
    insert: db.prepare(
      `INSERT OR REPLACE INTO hour (${columns}, hidden, counts, delta) VALUES (?, ?, ?, ?, ?, 0, ?, ?)`,
    ),
    seen: db.prepare(
      `INSERT INTO relay (fingerprint, first, last) VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE
       SET first = min(first, ?2), last = max(last, ?2)`,
    ),
    hours: db.prepare<{ at: number }>('SELECT valid_after AS at FROM hour WHERE NOT hidden ORDER BY valid_after'),
    counts: db.prepare<{ at: number; counts: string }>(
      `SELECT valid_after AS at, counts FROM hour WHERE NOT hidden AND valid_after BETWEEN ? AND ? ORDER BY valid_after`,
    ),
    first: db.prepare<{ first: number }>('SELECT first FROM relay WHERE fingerprint = ?'),
    visible: db.prepare('SELECT 1 FROM hour WHERE valid_after = ? AND NOT hidden'),
    hide: db.prepare('UPDATE hour SET hidden = 1 WHERE valid_after < ?'),
    drop: db.prepare(
      `WITH RECURSIVE needed (at) AS (
         SELECT valid_after FROM hour WHERE NOT hidden
         UNION SELECT base FROM hour JOIN needed ON valid_after = at WHERE base IS NOT NULL)
       DELETE FROM hour WHERE valid_after NOT IN needed`,
    ),
    forget: db.prepare('DELETE FROM relay WHERE last < ?'),
  }
  const kept = { roots: new Map<number, State>(), others: new Map<number, State>() }
  const keep = (at: number, state: State, kind: keyof typeof kept): State => {
    const states = kept[kind]
    states.delete(at)
    states.set(at, state)
    for (const oldest of [...states.keys()].slice(0, -MOST_KEPT[kind])) states.delete(oldest)
    return state
  }

  /** The deltas from the nearest hour in memory, or from a whole one, up to this. */
  const stateOf = (validAfter: number): State => {
    const deltas: Uint8Array[] = []
    for (let at = validAfter; ;) {
      const root = kept.roots.get(at)
      const known = root ?? kept.others.get(at)
      if (known !== undefined) {
        keep(at, known, root === undefined ? 'others' : 'roots')
        return deltas.length === 0 ? known : keep(validAfter, applyDeltas(known, deltas.toReversed()), 'others')
      }
      const row = sql.delta.get(at)
      if (row === undefined) throw damaged()
      const delta = unpack(row.delta)
      if (row.base === null) keep(at, applyDeltas(NO_STATE, [delta]), 'roots')
      else {
        deltas.push(delta)
        at = row.base
      }
    }
  }

  /** What a new hour rests on; a damaged hour stops no later one from being kept. */
  const foundation = (at: number): Place & { readonly from: State } => {
    const place = placeOf(at, sql.before.get(at))
    try {
      return { ...place, from: place.base === null ? NO_STATE : stateOf(place.base) }
    } catch (error) {
      if (!(error instanceof NocError)) throw error
      return { ...whole(at), from: NO_STATE }
    }
  }
  const open = (validAfter: number, drawn: boolean): RelayMap => {
    if (sql.visible.get(validAfter) === undefined) throw unknownHour(validAfter)
    return mapOf(stateOf(validAfter), drawn)
  }
  const add = async (map: RelayMap): Promise<boolean> => {
    const at = map.consensus.validAfter
    const verified = Number(map.verification.state === 'good')
    const known = sql.hour.get(at)
    if (known !== undefined && (known.verified >= verified || sql.rests.get(at) !== undefined)) return false
    const { from, base, root, step } = foundation(at)
    const delta = await inSlices(deltaSteps(from, map))
    const packed = await deflate(delta, { level: 9 })
    const state = applyDeltas(from, [delta])
    const counts = JSON.stringify(countClasses(map))
    // Those that stay are noted twice a day only.
    const fresh = map.relays.filter((_, row) => step === 0 || (state.order[row] ?? 0) >= from.slots)
    db.transaction(() => {
      sql.insert.run(at, base, root, step, verified, counts, packed)
      for (const { entry } of fresh) sql.seen.run(Buffer.from(entry.fingerprint, 'hex'), at)
    })
    keep(at, state, base === null ? 'roots' : 'others')
    return true
  }

  // One after the other: each hour rests on the one before.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  return {
    add: (map) => inTurn(() => add(map)),
    hours: () => sql.hours.all().map(({ at }) => at),
    open: async (validAfter) => open(validAfter, false),
    openDrawn: async (validAfter) => open(validAfter, true),
    counts: (from, to) =>
      countsWire(sql.counts.all(from, to).map(({ at, counts }) => [at, JSON.parse(counts) as ClassCount])),
    firstSeen: (fingerprint) => sql.first.get(Buffer.from(fingerprint, 'hex'))?.first ?? null,
    prune: (before) =>
      inTurn(() =>
        db.transaction(() => {
          sql.hide.run(before)
          sql.drop.run()
          sql.forget.run(before - FORGET_MS)
        }),
      ),
    close: () => db.close(),
  }
}

const deflate = promisify(deflateRaw)

/** Takes steps until the last, with pauses in which others get their turn. */
async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  let began = performance.now()
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    if (performance.now() - began < SLICE_MS) continue
    await setImmediate()
    began = performance.now()
  }
}

type Place = Pick<HourRow, 'base' | 'root' | 'step'>

function whole(at: number): Place {
  return { base: null, root: at, step: 0 }
}

/** What an hour becomes a delta of, after the hour that precedes it. */
function placeOf(at: number, before: HourRow | undefined): Place {
  if (before === undefined || at - before.root >= ROOT_MS) return whole(at)
  if (before.step + 1 < STEPS) return { base: before.valid_after, root: before.root, step: before.step + 1 }
  return { base: before.root, root: before.root, step: 0 }
}

function unpack(packed: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: MOST_BYTES })
  } catch {
    throw damaged()
  }
}

function unknownHour(validAfter: number): NocError {
  const hour = new Date(validAfter).toISOString().slice(0, 16).replace('T', ' ')
  return new NocError('NOC_TORMAP_NO_HOUR', `The history of the map has no hour ${hour} UTC.`, {
    hint: 'GET /api/tormap/hours lists the hours that it has.',
    exit: exitCode.found,
  })
}
