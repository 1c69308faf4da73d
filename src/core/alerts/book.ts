import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import type { Severity, Verdict } from '../verdict.ts'
import { type Moment, type OpenAlert, reconcile, type Write } from './reconcile.ts'
import { addEvent, alertTable, storable } from './table.ts'
import type { Alert, AlertBook } from './types.ts'

/** How long a trouble must be gone, or milder, before it counts as over, ms. */
const HOLD_MS = 60_000
/** The same trouble within this time after it was over is the same alert again, ms. */
export const FLAP_MS = 600_000

/** What became of an alert: it is there, it is worse than before, it is over. */
export interface AlertChange {
  readonly kind: 'raised' | 'risen' | 'cleared'
  readonly alert: Alert
}

/** What an alert book is told at the start. */
export interface AlertBookOptions {
  /** Id of the system that writes into it. */
  readonly system: string
  /** Called after the change is in the database; the place to deliver and to publish. */
  readonly onChange: (change: AlertChange) => void
  /** Trouble with the database (disk full) goes here, never to the system; the next `sync` tries again. */
  readonly onError?: (error: unknown) => void
  readonly holdMs?: number
}

function remember({ id, since, severity, seen }: Alert, monotonic: number): OpenAlert {
  return { id, since, severity, seen, severeAt: monotonic, writtenAt: monotonic, missing: null }
}

/** One system's alerts. Those open from before stay open until its first `sync` says otherwise. */
export function createAlertBook(db: Database, clock: Clock, options: AlertBookOptions): AlertBook {
  const { system, onChange, onError = () => {}, holdMs = HOLD_MS } = options
  const table = alertTable(db)
  const moment = (): Moment => ({ now: clock.now(), monotonic: clock.monotonic() })
  let open: ReadonlyMap<string, OpenAlert> = new Map(
    table.open(system).map((alert) => [alert.key, remember(alert, clock.monotonic())]),
  )

  const event = (at: number, severity: Severity | 'info' | 'ok', text: string): void =>
    addEvent(db, { at, system, severity, text })

  const changed = (kind: AlertChange['kind'], id: number): AlertChange[] => {
    const alert = table.get(id)
    return alert ? [{ kind, alert }] : []
  }

  const raise = (verdict: Verdict, now: number): number => {
    const former = table.cleared(system, verdict.key, now - FLAP_MS)
    event(now, verdict.severity, former ? `again: ${verdict.summary}` : verdict.summary)
    if (!former) return table.raise(system, verdict, now)
    table.reopen(former.id)
    table.update(former.id, verdict.severity, verdict, now)
    if (former.severity === 'warning' && verdict.severity === 'critical') table.forgetAcknowledgement(former.id)
    return former.id
  }

  const apply = (write: Write, now: number): readonly AlertChange[] => {
    if (write.kind === 'raise') return changed('raised', raise(write.verdict, now))
    if (write.kind === 'clear') {
      table.clear(write.id, write.seen, write.at)
      const changes = changed('cleared', write.id)
      for (const { alert } of changes) event(write.at, 'ok', `over: ${alert.summary}`)
      return changes
    }
    table.update(write.id, write.severity, write.verdict, now)
    if (write.kind === 'update') return []
    table.forgetAcknowledgement(write.id)
    event(now, write.severity, write.verdict.summary)
    return changed('risen', write.id)
  }

  const sync = (verdicts: readonly Verdict[]): void => {
    const at = moment()
    // A key from outside must be the same after it was read back.
    const found = verdicts.map((verdict) => ({ ...verdict, key: storable(verdict.key) }))
    const step = reconcile(open, found, at, holdMs)
    let changes: readonly AlertChange[] = []
    if (step.writes.length > 0) {
      try {
        changes = db.transaction(() => step.writes.flatMap((write) => apply(write, at.now)))
      } catch (error) {
        onError(error)
        return
      }
    }
    for (const { kind, alert } of changes)
      if (kind === 'raised') step.open.set(alert.key, remember(alert, at.monotonic))
    open = step.open
    for (const change of changes) onChange(change)
  }

  return {
    sync,
    since: (key) => open.get(storable(key))?.since ?? null,
    event: ({ severity, text }) => {
      try {
        event(clock.now(), severity, text)
      } catch (error) {
        onError(error)
      }
    },
  }
}
