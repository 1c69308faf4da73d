import { join } from 'node:path'
import { NocError } from '../errors.ts'
import type { Database } from './database.ts'
import { makeDataDirectory } from './open.ts'
import { readPresence, removePresence } from './presence.ts'
import { connectSqlite } from './sqlite.ts'

/** Something that one process holds. */
export interface DataLock {
  /** Gives it back; may be called twice. */
  release(): void
}

/** The lock's file name in the data directory; it stays empty. */
export const LOCK_FILE = 'daemon.lock'

// A connection that nobody refers to is closed by the garbage collector, and the lock with it.
const held = new Set<Database>()

/**
 * Takes the lock `file`, or throws what `taken` makes of the refusal. It is an open transaction on an empty SQLite
 * file, that is a kernel lock (fcntl) of this process: it ends with the process however that ends, no child inherits
 * it, and no stale pid can be mistaken for a holder.
 */
export async function lockFile(file: string, taken: (cause: unknown) => NocError): Promise<DataLock> {
  let db: Database
  try {
    db = await connectSqlite(file, 'PRAGMA busy_timeout = 0; BEGIN IMMEDIATE')
  } catch (error) {
    throw error instanceof NocError && error.code === 'NOC_STORE_BUSY' ? taken(error) : error
  }
  held.add(db)
  return {
    release: () => {
      if (held.delete(db)) db.close()
    },
  }
}

function alreadyRunning(directory: string, cause: unknown): NocError {
  const holder = readPresence(directory)
  const who = holder ? ` (process ${holder.pid}, ${holder.url})` : ''
  return new NocError('NOC_DAEMON_RUNNING', `A daemon already runs on ${directory}${who}.`, {
    hint: holder
      ? `Stop it first (kill ${holder.pid}), or give this one another data directory.`
      : 'Stop it first, or give this one another data directory.',
    cause,
  })
}

/** Makes the caller the only daemon on `directory`, or throws NOC_DAEMON_RUNNING; `release` removes `daemon.json` too. */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  makeDataDirectory(directory)
  const lock = await lockFile(join(directory, LOCK_FILE), (cause) => alreadyRunning(directory, cause))
  // Left by a daemon that was killed; until ours is written, a refusal must not name that one.
  removePresence(directory)
  let released = false
  return {
    release: () => {
      if (!released) removePresence(directory)
      released = true
      lock.release()
    },
  }
}
