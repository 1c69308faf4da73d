import { join } from 'node:path'
import { NocError } from '../errors.ts'
import type { Database } from './database.ts'
import { makeDataDirectory } from './open.ts'
import { readPresence, removePresence } from './presence.ts'
import { connectSqlite } from './sqlite.ts'

/** Holds a data directory for one daemon. */
export interface DataLock {
  /** Gives it back and removes `daemon.json`; may be called twice. */
  release(): void
}

/** The lock's file name in the data directory; it stays empty. */
export const LOCK_FILE = 'daemon.lock'

// A connection that nobody refers to is closed by the garbage collector, and the lock with it.
const held = new Set<Database>()

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

/**
 * Makes the caller the only daemon on `directory`, or throws NOC_DAEMON_RUNNING. The lock is an open transaction on
 * an empty SQLite file, that is a kernel lock (fcntl) of this process: it ends with the process however that ends,
 * no child inherits it, and no stale pid can be mistaken for a daemon.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  makeDataDirectory(directory)
  let db: Database
  try {
    db = await connectSqlite(join(directory, LOCK_FILE), 'PRAGMA busy_timeout = 0; BEGIN IMMEDIATE')
  } catch (error) {
    throw error instanceof NocError && error.code === 'NOC_STORE_BUSY' ? alreadyRunning(directory, error) : error
  }
  held.add(db)
  // Left by a daemon that was killed; until ours is written, a refusal must not name that one.
  removePresence(directory)
  return {
    release: () => {
      if (!held.delete(db)) return
      removePresence(directory)
      db.close()
    },
  }
}
