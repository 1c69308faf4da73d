import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { NocError } from '../errors.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { fileError, openSqlite } from './sqlite.ts'

/** The database's file name in the data directory. */
export const STORE_FILE = 'nocturne.sqlite'

/** Makes the data directory, for its owner only. */
export function makeDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileError(error, directory)
  }
}

/**
 * Opens the database in `directory` with the newest schema; the daemon and commands may do so at the same time.
 * With `create: false` a missing one is the error NOC_STORE_MISSING.
 */
export async function openStore(
  directory: string,
  { create = true }: { readonly create?: boolean } = {},
): Promise<Database> {
  const file = join(directory, STORE_FILE)
  if (create) makeDataDirectory(directory)
  else if (!existsSync(file))
    throw new NocError('NOC_STORE_MISSING', `There is no database in ${directory}.`, {
      hint: 'Start the daemon once with `noc up`, or name the data directory it uses.',
    })
  const db = await openSqlite(file)
  try {
    migrate(db, migrations, systemClock.now())
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
