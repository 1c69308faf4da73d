import { NocError } from '../errors.ts'
import type { Database } from './database.ts'

/** One step of the schema; once released it is never changed, only followed by another. */
export interface Migration {
  /** 1, 2, 3 ... without a gap. */
  readonly number: number
  readonly name: string
  readonly sql: string
}

interface Applied {
  readonly number: number
  readonly name: string
}

const TABLE = `CREATE TABLE IF NOT EXISTS schema_migration (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at INTEGER NOT NULL -- ms since 1970
) STRICT`

function check(applied: readonly Applied[], known: readonly Migration[]): void {
  for (const [index, { number, name }] of applied.entries()) {
    const migration = known[index]
    if (!migration)
      throw new NocError(
        'NOC_STORE_NEWER',
        `The database has schema ${applied.at(-1)?.number}, this program knows only ${known.length}.`,
        { hint: 'A newer Nocturne wrote it: run that version, or name another data directory.' },
      )
    if (migration.number !== number || migration.name !== name)
      throw new NocError(
        'NOC_STORE_FOREIGN',
        `Schema step ${number} of the database is "${name}", this program calls step ${migration.number} "${migration.name}".`,
        { hint: 'Another program or a changed build wrote it: name another data directory.' },
      )
  }
}

/** Brings the schema up to date, one transaction a step; several processes may try at once. `now`: ms since 1970. */
export function migrate(db: Database, migrations: readonly Migration[], now: number): void {
  db.exec(TABLE)
  const all = db.prepare<Applied>('SELECT number, name FROM schema_migration ORDER BY number')
  const add = db.prepare('INSERT INTO schema_migration (number, name, applied_at) VALUES (?, ?, ?)')
  check(all.all(), migrations)
  for (const migration of migrations.slice(all.all().length)) {
    db.transaction(() => {
      // Only under the write lock is it certain that no other process was faster.
      if (all.all().length >= migration.number) return
      db.exec(migration.sql)
      add.run(migration.number, migration.name, now)
    })
  }
}
