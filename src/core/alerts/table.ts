import type { Database } from '../store/database.ts'
import type { Severity, Verdict } from '../verdict.ts'
import type { Alert, NightEvent } from './types.ts'

/** How long cleared alerts and events are kept, ms: 400 days, like the roll-ups of the series. */
const KEEP_MS = 400 * 86_400_000
/** Most rows of alerts, and of events; the oldest go first. At 1 KB each: 100 MB. */
const MAX_ROWS = 100_000
/** Most rows in one list. */
const MAX_LIST = 10_000
/** Most characters of each text, and most commands: verdicts quote names from outside. */
const MAX_TEXT = 2000
const MAX_COMMANDS = 20

/** Text as it can be kept and read back: bounded, no NUL (it would end there), no half characters. */
export function storable(text: string): string {
  return Buffer.from(text.slice(0, MAX_TEXT)).toString().replaceAll('\u0000', '\u2400')
}

interface AlertRow extends Omit<Alert, 'commands' | 'acknowledged' | 'silencedUntil'> {
  readonly commands: string
  readonly acknowledged_at: number | null
  readonly acknowledged_by: string | null
  readonly silenced_until: number | null
}

function toAlert(row: AlertRow): Alert {
  const { id, system, key, severity, summary, evidence, fix, since, seen, cleared } = row
  const { acknowledged_at: at, acknowledged_by: by } = row
  return {
    id,
    system,
    key,
    severity,
    summary,
    evidence,
    fix,
    commands: JSON.parse(row.commands) as readonly string[],
    since,
    seen,
    cleared,
    acknowledged: at === null ? null : { at, by: by ?? '' },
    silencedUntil: row.silenced_until,
  }
}

/** The texts of a verdict in the order of the columns: summary, evidence, fix, commands. */
function texts({ summary, evidence, fix, commands }: Verdict): readonly [string, string, string, string] {
  const list = JSON.stringify(commands.slice(0, MAX_COMMANDS).map(storable))
  return [storable(summary), storable(evidence), storable(fix), list]
}

/** The SQL that an alert book writes with; the schema is store/migrations/002-alerts.ts. */
export interface AlertTable {
  open(system: string): readonly Alert[]
  get(id: number): Alert | null
  /** The newest alert of this key that was cleared at `since` or later. */
  cleared(system: string, key: string, since: number): Alert | null
  raise(system: string, verdict: Verdict, at: number): number
  reopen(id: number): void
  update(id: number, severity: Severity, verdict: Verdict, seen: number): void
  /** It is worse than what somebody looked at. */
  forgetAcknowledgement(id: number): void
  clear(id: number, seen: number, at: number): void
}

/** Prepares the statements once; each raise also drops what is too old or too many. */
export function alertTable(db: Database): AlertTable {
  const open = db.prepare<AlertRow>('SELECT * FROM alert WHERE system = ? AND cleared IS NULL')
  const get = db.prepare<AlertRow>('SELECT * FROM alert WHERE id = ?')
  const cleared = db.prepare<AlertRow>(
    'SELECT * FROM alert WHERE system = ? AND key = ? AND cleared >= ? ORDER BY cleared DESC LIMIT 1',
  )
  const raise = db.prepare(
    `INSERT INTO alert (system, key, severity, since, seen, summary, evidence, fix, commands)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const tooOld = db.prepare('DELETE FROM alert WHERE cleared < ?')
  const tooMany = db.prepare('DELETE FROM alert WHERE id <= ? AND cleared IS NOT NULL')
  const reopen = db.prepare('UPDATE alert SET cleared = NULL WHERE id = ?')
  const update = db.prepare(
    'UPDATE alert SET severity = ?, seen = ?, summary = ?, evidence = ?, fix = ?, commands = ? WHERE id = ?',
  )
  const forget = db.prepare('UPDATE alert SET acknowledged_at = NULL, acknowledged_by = NULL WHERE id = ?')
  const clear = db.prepare('UPDATE alert SET seen = ?, cleared = ? WHERE id = ?')
  const one = (row: AlertRow | undefined): Alert | null => (row ? toAlert(row) : null)
  return {
    open: (system) => open.all(system).map(toAlert),
    get: (id) => one(get.get(id)),
    cleared: (system, key, since) => one(cleared.get(system, key, since)),
    raise: (system, verdict, at) => {
      const { id } = raise.run(system, verdict.key, verdict.severity, at, at, ...texts(verdict))
      tooOld.run(at - KEEP_MS)
      tooMany.run(id - MAX_ROWS)
      return id
    },
    reopen: (id) => void reopen.run(id),
    update: (id, severity, verdict, seen) => void update.run(severity, seen, ...texts(verdict), id),
    forgetAcknowledgement: (id) => void forget.run(id),
    clear: (id, seen, at) => void clear.run(seen, at, id),
  }
}

/** Open alerts, or past ones too: open before past, then the worst, then the newest first. */
export function listAlerts(
  db: Database,
  { which, limit }: { readonly which: 'open' | 'all'; readonly limit: number },
): readonly Alert[] {
  const rows = db
    .prepare<AlertRow>(
      `SELECT * FROM alert ${which === 'open' ? 'WHERE cleared IS NULL' : ''}
       ORDER BY cleared IS NOT NULL, cleared DESC, severity = 'critical' DESC, since DESC, id DESC LIMIT ?`,
    )
    .all(Math.min(limit, MAX_LIST))
  return rows.map(toAlert)
}

/** Somebody (`by`) looks after this alert since `at`; false when there is no such alert. */
export function acknowledge(db: Database, id: number, by: string, at: number): boolean {
  const sql = 'UPDATE alert SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ?'
  return db.prepare(sql).run(at, storable(by), id).changes > 0
}

/** No delivery of this alert before `until` (ms since 1970); null ends the silence. False when there is no such alert. */
export function silence(db: Database, id: number, until: number | null): boolean {
  return db.prepare('UPDATE alert SET silenced_until = ? WHERE id = ?').run(until, id).changes > 0
}

/** Ends the open alerts of systems that don't run (any more): nobody else would. Gives their number. */
export function clearAbandoned(db: Database, running: readonly string[], at: number): number {
  const sql = 'UPDATE alert SET cleared = ? WHERE cleared IS NULL AND system NOT IN (SELECT value FROM json_each(?))'
  return db.prepare(sql).run(at, JSON.stringify(running)).changes
}

/** Puts a point on the night line, and drops those that are too old or too many. */
export function addEvent(db: Database, { at, system, severity, text }: Omit<NightEvent, 'id'>): void {
  const insert = db.prepare('INSERT INTO event (at, system, severity, text) VALUES (?, ?, ?, ?)')
  const { id } = insert.run(at, system, severity, storable(text))
  db.prepare('DELETE FROM event WHERE at < ? OR id <= ?').run(at - KEEP_MS, id - MAX_ROWS)
}

/** The newest `limit` events in [from, to), oldest first. */
export function listEvents(db: Database, from: number, to: number, limit: number): readonly NightEvent[] {
  return db
    .prepare<NightEvent>(
      'SELECT id, at, system, severity, text FROM event WHERE at >= ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?',
    )
    .all(from, to, Math.min(limit, MAX_LIST))
    .map(({ id, at, system, severity, text }) => ({ id, at, system, severity, text }))
    .toReversed()
}
