import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from './sqlite.ts'

/** Where the running daemon is, for commands and for a second daemon's refusal. */
export interface Presence {
  readonly pid: number
  /** The console's address. */
  readonly url: string
  /** ms since 1970. */
  readonly started: number
}

/** The file's name in the data directory. */
export const PRESENCE_FILE = 'daemon.json'
/** More than this was not written by us, bytes. */
const MAX_PRESENCE = 4096

/** Announces the daemon; readers see the old file or the new one, never half of it. */
export function writePresence(directory: string, { pid, url, started }: Presence): void {
  const file = join(directory, PRESENCE_FILE)
  const fresh = `${file}.new`
  try {
    rmSync(fresh, { force: true })
    writeFileSync(fresh, `${JSON.stringify({ pid, url, started })}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(fresh, file)
  } catch (error) {
    throw fileError(error, file)
  }
}

/** What the daemon said of itself; null when there is nothing readable. It may have died since: try `url`. */
export function readPresence(directory: string): Presence | null {
  try {
    const file = join(directory, PRESENCE_FILE)
    const stat = lstatSync(file)
    if (!stat.isFile() || stat.size > MAX_PRESENCE) return null
    const { pid, url, started } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    if (typeof pid !== 'number' || typeof url !== 'string' || typeof started !== 'number') return null
    return { pid, url, started }
  } catch {
    return null
  }
}

/** Takes the announcement back; fine when there is none. */
export function removePresence(directory: string): void {
  rmSync(join(directory, PRESENCE_FILE), { force: true })
}
