import { accessSync, chmodSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { NocError, systemErrorCode } from '../errors.ts'
import type { Database, SqlValue } from './database.ts'

/** How long a writer waits for another process's transaction, ms; ours last a few milliseconds. */
const BUSY_MS = 5000

/** What Node's own SQLite and @photostructure/sqlite have in common. */
interface Connection {
  exec(sql: string): void
  prepare(sql: string): {
    run(...values: readonly SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
    get(...values: readonly SqlValue[]): unknown
    all(...values: readonly SqlValue[]): unknown[]
  }
  close(): void
}
type Driver = new (file: string) => Connection

/** Node's own SQLite, from Node 22.13 on; undefined where it is missing or behind a flag. */
function builtinDriver(): Driver | undefined {
  const emitWarning = process.emitWarning.bind(process)
  // Node 22 and 24 would print "SQLite is an experimental feature" on the operator's terminal.
  process.emitWarning = () => {}
  try {
    const builtin = process.getBuiltinModule('node:sqlite') as { readonly DatabaseSync: Driver } | undefined
    return builtin?.DatabaseSync
  } finally {
    process.emitWarning = emitWarning
  }
}

const permissionHint = 'Run this as the user that runs the daemon (often root), or name another data directory.'

/** Why a file or directory of the store could not be used, in words. */
export function fileError(error: unknown, path: string): Error {
  switch (systemErrorCode(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new NocError('NOC_STORE_PERMISSION', `This user may not write ${path}.`, {
        hint: permissionHint,
        cause: error,
      })
    case 'ENOSPC':
    case 'EDQUOT':
      return new NocError('NOC_STORE_FULL', `The disk that holds ${path} is full.`, {
        hint: 'Free some space; nothing that was stored is lost.',
        cause: error,
      })
    case 'ENOENT':
      return new NocError('NOC_STORE_MISSING', `There is no ${path}.`, {
        hint: 'Start the daemon once with `noc up`, or name the data directory it uses.',
        cause: error,
      })
    case 'ENOTDIR':
    case 'EEXIST':
      return new NocError('NOC_STORE_DIRECTORY', `A part of the path ${path} is a file, not a directory.`, {
        hint: 'Name another data directory.',
        cause: error,
      })
    default:
      return error instanceof Error ? error : new Error(String(error))
  }
}

function notADatabase(file: string, cause?: unknown): NocError {
  const hint = 'Move it away, or name another data directory.'
  return new NocError('NOC_STORE_NOT_A_DATABASE', `${file} is not a database.`, { hint, cause })
}

/** SQLite's primary result code (sqlite.org/rescode.html): the low byte of the extended one. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function sqliteError(error: unknown, file: string): unknown {
  switch (resultCode(error)) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new NocError('NOC_STORE_BUSY', `Another process keeps ${file} locked.`, {
        hint: 'Try again; if it stays so, look for a process that was stopped in the middle of its work.',
        cause: error,
      })
    case 3: // SQLITE_PERM
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return new NocError('NOC_STORE_PERMISSION', `This user may not open or write ${file}.`, {
        hint: permissionHint,
        cause: error,
      })
    case 10: // SQLITE_IOERR
      return new NocError('NOC_STORE_IO', `Reading or writing ${file} failed.`, {
        hint: 'Look at the kernel log (dmesg) for errors of the disk.',
        cause: error,
      })
    case 13: // SQLITE_FULL
      return new NocError('NOC_STORE_FULL', `The disk that holds ${file} is full.`, {
        hint: 'Free some space; nothing that was stored is lost.',
        cause: error,
      })
    case 11: // SQLITE_CORRUPT
      return new NocError('NOC_STORE_DAMAGED', `${file} is damaged.`, {
        hint: 'Stop the daemon, move the file away (or restore a backup) and start again.',
        cause: error,
      })
    case 26: // SQLITE_NOTADB
      return notADatabase(file, error)
    default: // a mistake in our SQL: a bug, shown as one
      return error
  }
}

/** Makes sure that the file is there, is private and may be written, with better words than SQLite's. */
function prepareFile(file: string): void {
  try {
    // Only ever opened when new: closing a descriptor of a database drops this process's own locks on it (POSIX).
    closeSync(openSync(file, 'wx', 0o600))
    return
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw fileError(error, file)
  }
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
    const { mode, uid } = statSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw notADatabase(file)
    // A restored backup may be readable for everybody; SQLite gives its -wal and -shm files the same mode.
    if (mode & 0o077 && uid === process.geteuid?.()) chmodSync(file, 0o600)
  } catch (error) {
    throw fileError(error, file)
  }
}

function wrap(connection: Connection, file: string): Database {
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw sqliteError(error, file)
    }
  }
  const exec = (sql: string): void => guarded(() => connection.exec(sql))
  let open = true
  return {
    exec,
    prepare: <R>(sql: string) => {
      const statement = guarded(() => connection.prepare(sql))
      return {
        run: (...values) =>
          guarded(() => {
            const { changes, lastInsertRowid } = statement.run(...values)
            return { changes: Number(changes), id: Number(lastInsertRowid) }
          }),
        get: (...values) => guarded(() => statement.get(...values) as R | undefined),
        all: (...values) => guarded(() => statement.all(...values) as R[]),
      }
    },
    transaction: (work) => {
      exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        exec('COMMIT')
        return result
      } catch (error) {
        // After a full disk SQLite has rolled back by itself, and this ROLLBACK is one too many.
        try {
          connection.exec('ROLLBACK')
        } catch {}
        throw error
      }
    },
    close: () => {
      if (open) connection.close()
      open = false
    },
  }
}

/** Opens `file` (made with mode 0600 when it is not there) and runs `setup`; closed again when that fails. */
export async function connectSqlite(file: string, setup: string): Promise<Database> {
  const Driver: Driver = builtinDriver() ?? (await import('@photostructure/sqlite')).DatabaseSync
  prepareFile(file)
  let db: Database
  try {
    db = wrap(new Driver(file), file)
  } catch (error) {
    throw sqliteError(error, file)
  }
  try {
    db.exec(setup)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Opens the database file for work by several processes. WAL: readers never wait for the writer. `synchronous =
 * NORMAL`: a power cut may lose the last transactions, never the database (sqlite.org/pragma.html#pragma_synchronous).
 */
export function openSqlite(file: string): Promise<Database> {
  return connectSqlite(
    file,
    `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON`,
  )
}
