import type { Database } from '../store/database.ts'
import type { AlertChange } from './book.ts'
import type { Channel, DeliveryDocument, Told } from './channel.ts'

/** Most deliveries a channel may have waiting; beyond that they are summed up at once. */
const MAX_WAITING = 500
/** Most changes that a summary lists. */
const MAX_LISTED = 20

type ChannelName = Channel['name']

/** A delivery that waits. */
export interface Waiting {
  readonly id: number
  readonly document: DeliveryDocument
  /** Attempts that were begun. */
  readonly tries: number
}

/** Deliveries on disk, so that a restart goes on with them. Times are ms since 1970. */
export interface DeliveryQueue {
  /** Queues a change for these channels, unless nobody wants to hear of it. */
  add(change: AlertChange, channels: readonly ChannelName[], at: number): void
  /** What may be sent now, the oldest first; of one alert only its first, so that its end never overtakes it. */
  due(channel: ChannelName, now: number): readonly Waiting[]
  /** When the next one becomes due; null when nothing waits. */
  next(channel: ChannelName): number | null
  /** Replaces several by one that sums them up. */
  merge(channel: ChannelName, waiting: readonly Waiting[], at: number): Waiting
  /** An attempt begins: from now on somebody may know of it. */
  begin(id: number): void
  done(id: number): void
  /** Puts it off after an attempt that failed. */
  retry(id: number, due: number): void
  /** Forgets what waits for a channel that is not configured any more. */
  forget(channel: ChannelName): void
}

interface Row {
  readonly id: number
  readonly document: string
  readonly tries: number
}

const LEAD = { raised: '', risen: 'now ', cleared: 'over, was ' } as const

const oneLine = ({ kind, alert }: Told): string => `${LEAD[kind]}${alert.severity}: ${alert.summary}`

function documentOf(change: AlertChange, at: number, host: string): DeliveryDocument {
  const { kind, alert } = change
  return { kind, text: `${host && `${host}: `}${oneLine(change)}`, at, host, alert, changes: 1, more: [] }
}

function summaryOf(documents: readonly DeliveryDocument[], at: number, host: string): DeliveryDocument {
  const changes = documents.reduce((sum, document) => sum + document.changes, 0)
  const told = documents.flatMap(({ kind, alert, more }): readonly Told[] =>
    alert !== null && kind !== 'more' && kind !== 'test' ? [{ kind, alert }] : more,
  )
  const more = told.slice(0, MAX_LISTED)
  const example = more[0] ? `; the first: ${oneLine(more[0])}` : ''
  return { kind: 'more', text: `${host && `${host}: `}${changes} more${example}`, at, host, alert: null, changes, more }
}

// `d` waits; `a` is its alert. A silenced alert's deliveries wait on.
const WAITING = `FROM delivery d LEFT JOIN alert a ON a.id = d.alert WHERE d.channel = ?
  AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.alert = d.alert AND e.channel = d.channel AND e.id < d.id)`

/**
 * Prepares the statements; the schema is store/migrations/002-alerts.ts. `host` goes into the documents; no retry is
 * further away than `furthest` ms, so that what is due later tells of a clock that was set back, and is due now.
 */
export function deliveryQueue(db: Database, host: string, furthest: number): DeliveryQueue {
  const insert = db.prepare('INSERT INTO delivery (channel, alert, document, due, tries) VALUES (?, ?, ?, ?, ?)')
  const due = db.prepare<Row>(
    `SELECT d.id, d.document, d.tries ${WAITING} AND (d.due <= ? OR d.due > ?)
     AND coalesce(a.silenced_until, 0) <= ? ORDER BY d.id LIMIT ${MAX_WAITING}`,
  )
  const next = db.prepare<{ due: number | null }>(
    `SELECT min(max(d.due, coalesce(a.silenced_until, 0))) AS due ${WAITING}`,
  )
  const count = db.prepare<{ n: number }>('SELECT count(*) AS n FROM delivery WHERE channel = ?')
  const untold = db.prepare<{ n: number }>('SELECT count(*) AS n FROM delivery WHERE alert = ? AND tries = 0')
  const told = db.prepare<{ told: number }>('SELECT told FROM alert WHERE id = ?')
  const setTold = db.prepare('UPDATE alert SET told = ? WHERE id = ?')
  const done = db.prepare('DELETE FROM delivery WHERE id = ?')
  const drop = db.prepare('DELETE FROM delivery WHERE alert = ?')
  const dropAcknowledged = db.prepare(
    'DELETE FROM delivery WHERE channel = ? AND alert IN (SELECT id FROM alert WHERE acknowledged_at IS NOT NULL)',
  )
  const begin = db.prepare('UPDATE delivery SET tries = tries + 1 WHERE id = ?')
  const retry = db.prepare('UPDATE delivery SET due = ? WHERE id = ?')
  const forget = db.prepare('DELETE FROM delivery WHERE channel = ?')
  const waiting = ({ id, document, tries }: Row): Waiting => {
    return { id, document: JSON.parse(document) as DeliveryDocument, tries }
  }

  const put = (channel: ChannelName, alert: number | null, document: DeliveryDocument, tries: number): Waiting => {
    const { id } = insert.run(channel, alert, JSON.stringify(document), document.at, tries)
    return { id, document, tries }
  }

  const dueBy = (channel: ChannelName, by: number, now: number): readonly Waiting[] =>
    due.all(channel, by, by + furthest, now).map(waiting)

  const replace = (channel: ChannelName, list: readonly Waiting[], at: number): Waiting => {
    for (const { id } of list) done.run(id)
    const documents = list.map(({ document }) => document)
    return put(channel, null, summaryOf(documents, at, host), Math.min(...list.map(({ tries }) => tries)))
  }

  /** Whether anybody wants to hear of this. */
  const wanted = ({ kind, alert }: AlertChange, at: number): boolean => {
    const { id, acknowledged, silencedUntil } = alert
    if (kind !== 'cleared') return acknowledged === null
    const wasTold = told.get(id)?.told === 1
    setTold.run(0, id)
    if (silencedUntil !== null && silencedUntil > at && (untold.get(id)?.n ?? 0) > 0) {
      // It came and went while it was silenced.
      drop.run(id)
      return false
    }
    return wasTold && acknowledged === null
  }

  return {
    add: (change, channels, at) =>
      db.transaction(() => {
        if (!wanted(change, at)) return
        if (change.kind !== 'cleared') setTold.run(1, change.alert.id)
        for (const channel of channels) {
          put(channel, change.alert.id, documentOf(change, at, host), 0)
          if ((count.get(channel)?.n ?? 0) <= MAX_WAITING) continue
          const crowd = dueBy(channel, Number.MAX_SAFE_INTEGER, at)
          if (crowd.length > 1) replace(channel, crowd, at)
        }
      }),
    due: (channel, now) => {
      dropAcknowledged.run(channel)
      return dueBy(channel, now, now)
    },
    next: (channel) => next.get(channel)?.due ?? null,
    merge: (channel, list, at) => db.transaction(() => replace(channel, list, at)),
    begin: (id) => void begin.run(id),
    done: (id) => void done.run(id),
    retry: (id, due) => void retry.run(due, id),
    forget: (channel) => void forget.run(channel),
  }
}
