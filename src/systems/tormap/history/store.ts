/** The map over time: every hour in one SQLite file, most of them as what changed since the one before. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { NocError, exitCode } from '#core/errors.ts'
import { migrate } from '#core/store/migrate.ts'
import { makeDataDirectory } from '#core/store/open.ts'
import { openSqlite } from '#core/store/sqlite.ts'
import type { RelayMap } from '../types.ts'
import type { CountsWire } from '../wire.ts'
import { damaged } from './bytes.ts'
import { type ClassCount, countsWire } from './counts.ts'
import { NO_STATE, type State, applyDeltas, mapSteps } from './delta.ts'
import { type Basis, type PackedHour, type Place, packHour, unpack, whole } from './hour.ts'
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
/** How long a relay is remembered after it was last seen, beyond what is pruned, ms: `last` is not exact. */
const FORGET_MS = 24 * 3_600_000

/** The hours that are known. Times are ms since 1970, an hour is named by its valid-after time. */
export interface History {
  /** Keeps an hour; one that is known stays, unless it was not verified and this one is. False: nothing was kept. */
  add(map: RelayMap): Promise<boolean>
  /** The same of an hour that somebody else packs, such as a thread of its own. */
  addPacked(validAfter: number, pack: (basis: Basis) => Promise<PackedHour>): Promise<boolean>
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

interface HourRow extends Place {
  readonly valid_after: number
  readonly verified: number
}

interface DeltaRow {
  readonly at: number
  readonly base: number | null
  readonly delta: Uint8Array
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
    delta: db.prepare<DeltaRow>('SELECT valid_after AS at, base, delta FROM hour WHERE valid_after = ?'),
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
    allFirst: db.prepare<{ json: string }>('SELECT json_group_object(hex(fingerprint), first) AS json FROM relay'),
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

  const recall = (at: number): State | undefined => {
    const kind = kept.roots.has(at) ? 'roots' : 'others'
    const state = kept[kind].get(at)
    return state && keep(at, state, kind)
  }

  /** From the nearest hour in memory, or from none, the deltas up to this; read in one go, whatever is pruned later. */
  const chain = (validAfter: number | null, near = recall): { readonly from: State; readonly rows: DeltaRow[] } => {
    const rows: DeltaRow[] = []
    for (let at = validAfter; ;) {
      const from = at === null ? NO_STATE : near(at)
      if (from !== undefined) return { from, rows: rows.toReversed() }
      const row = sql.delta.get(at)
      if (row === undefined) throw damaged()
      rows.push(row)
      at = row.base
    }
  }
  const stateOf = async (validAfter: number): Promise<State> => {
    const { from, rows } = chain(validAfter)
    let state = from
    const deltas = await Promise.all(rows.map(({ delta }) => unpack(delta)))
    if (from === NO_STATE) {
      state = keep(rows[0]?.at ?? validAfter, applyDeltas(from, deltas.splice(0, 1)), 'roots')
      await setImmediate()
    }
    return deltas.length === 0 ? state : keep(validAfter, applyDeltas(state, deltas), 'others')
  }

  /** What a new hour rests on; a damaged hour stops no later one from being kept. */
  const basis = (at: number): Basis => {
    const place = placeOf(at, sql.before.get(at))
    const firstSeen = sql.allFirst.get()?.json ?? '{}'
    try {
      return { ...place, firstSeen, deltas: chain(place.base, () => undefined).rows.map(({ delta }) => delta) }
    } catch (error) {
      if (!(error instanceof NocError)) throw error
      return { ...whole(at), firstSeen, deltas: [] }
    }
  }
  // In turn: who asks for the same hour at the same time finds most of it in memory.
  const reading = turns()
  const open = (validAfter: number, drawn: boolean): Promise<RelayMap> =>
    reading(async () => {
      if (sql.visible.get(validAfter) === undefined) throw unknownHour(validAfter)
      return inSteps(mapSteps(await stateOf(validAfter), drawn))
    })
  const put = ({ at, base, root, step, verified, counts, delta, seen }: PackedHour): boolean => {
    const there = sql.hour.get(at)
    if (there !== undefined && (there.verified >= Number(verified) || sql.rests.get(at) !== undefined)) return false
    db.transaction(() => {
      sql.insert.run(at, base, root, step, Number(verified), counts, delta)
      for (const fingerprint of seen) sql.seen.run(Buffer.from(fingerprint, 'hex'), at)
    })
    for (const states of Object.values(kept)) states.delete(at)
    return true
  }
  // In turn: each hour rests on the one before.
  const writing = turns()
  const addPacked: History['addPacked'] = (validAfter, pack) =>
    writing(async () => {
      const hour = await pack(basis(validAfter))
      if (hour.at !== validAfter) throw changed()
      return put(hour)
    })

  return {
    add: (map) => addPacked(map.consensus.validAfter, (below) => packHour(below, map)),
    addPacked,
    hours: () => sql.hours.all().map(({ at }) => at),
    open: (validAfter) => open(validAfter, false),
    openDrawn: (validAfter) => open(validAfter, true),
    counts: (from, to) =>
      countsWire(sql.counts.all(from, to).map(({ at, counts }) => [at, JSON.parse(counts) as ClassCount])),
    firstSeen: (fingerprint) => sql.first.get(Buffer.from(fingerprint, 'hex'))?.first ?? null,
    prune: (before) =>
      writing(() =>
        db.transaction(() => {
          sql.hide.run(before)
          sql.drop.run()
          sql.forget.run(before - FORGET_MS)
        }),
      ),
    close: () => db.close(),
  }
}

/** Takes step after step; others have their turn in between. */
async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    await setImmediate()
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** Does one thing after the other. */
function turns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
}

/** What an hour becomes a delta of, after the hour that precedes it. */
function placeOf(at: number, before: HourRow | undefined): Place {
  if (before === undefined || at - before.root >= ROOT_MS) return whole(at)
  if (before.step + 1 < STEPS) return { base: before.valid_after, root: before.root, step: before.step + 1 }
  return { base: before.root, root: before.root, step: 0 }
}

/** The document that was to be packed is no longer that of the hour. */
function changed(): NocError {
  return new NocError('NOC_TORMAP_CHANGED', 'The consensus was replaced by another one while its map was made.', {
    hint: 'The other one is taken within a minute.',
  })
}

function unknownHour(validAfter: number): NocError {
  const hour = new Date(validAfter).toISOString().slice(0, 16).replace('T', ' ')
  return new NocError('NOC_TORMAP_NO_HOUR', `The history of the map has no hour ${hour} UTC.`, {
    hint: 'GET /api/tormap/hours lists the hours that it has.',
    exit: exitCode.found,
  })
}
