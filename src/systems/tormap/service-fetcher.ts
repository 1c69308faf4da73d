/** Fetching in the daemon: off until somebody says so, then every hour, and what became of it. */
import { join } from 'node:path'
import type { Clock } from '#core/clock.ts'
import { reasonOf } from '#core/errors.ts'
import { makeDataDirectory } from '#core/store/open.ts'
import type { TormapConfig } from './config.ts'
import { contacts } from './fetch/fetch.ts'
import { fetchFolder, lockFolder, readIfThere, replace } from './fetch/folder.ts'
import { type ScheduleFacts, isHourly, nextFetch, parseChoice } from './service-schedule.ts'
import { inThread } from './service-thread.ts'
import type { TormapView } from './wire.ts'

/** File in the system's folder that keeps what was chosen on the page. */
const CHOICE_FILE = 'choice.json'
/** Bytes of that file, at most. */
const CHOICE_BYTES = 1024

/** What the fetcher is given. */
export interface FetcherOptions {
  readonly config: TormapConfig
  readonly dataDirectory: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** 0 to 1. */
  readonly random: () => number
  /** Told whenever `state` is another one. */
  onChange(): void
}

/** The daemon's fetching. */
export interface Fetcher {
  readonly hourly: boolean
  /** Fetches in a row that failed; those that brought nothing new don't count. */
  readonly failed: number
  /** When the next fetch is due, ms since 1970; null: none is. */
  readonly due: number | null
  view(): TormapView['fetch']
  /** Reads what was chosen before the daemon was started. */
  begin(): Promise<void>
  /** Switches hourly fetching on or off, for good. */
  choose(hourly: boolean): Promise<void>
  /** Makes one fetch due now. */
  ask(): void
  /** Fetches; false when that failed. `plan` has to be called after it. */
  run(): Promise<boolean>
  /** Works out the next fetch from the newest consensus. */
  plan(consensus: ScheduleFacts['consensus']): void
}

/** Makes a fetcher that has not begun. */
export function createFetcher({ config, dataDirectory, clock, signal, random, onChange }: FetcherOptions): Fetcher {
  const folder = join(dataDirectory, 'tormap')
  let hourly = config.fetch
  let asked = false
  let fetching = false
  let next: number | null = null
  let last: number | null = null
  let why: string | null = null
  let failed = 0
  let idle = 0

  const whom = (): TormapView['fetch']['contacts'] => {
    try {
      return contacts(config, clock.now())
    } catch (error) {
      // A DirAuthority line that is none; fetching says the same.
      why ??= reasonOf(error)
      return []
    }
  }
  /** In a thread of its own; the lock stays here, so that it is given back whatever becomes of that one. */
  const fetchLocked = async (): Promise<boolean> => {
    const into = fetchFolder(dataDirectory)
    const lock = await lockFolder(into)
    try {
      return (await inThread({ kind: 'fetch', config, folder: into }, signal)).isNew
    } finally {
      lock.release()
    }
  }
  const fetch = async (): Promise<boolean> => {
    try {
      const isNew = await fetchLocked()
      last = clock.now()
      why = null
      failed = 0
      idle = isNew ? 0 : idle + 1
      return true
    } catch (error) {
      if (signal.aborted) return false
      why = reasonOf(error)
      failed += 1
      return false
    }
  }
  return {
    get hourly() {
      return hourly
    },
    get failed() {
      return failed
    },
    get due() {
      return asked ? 0 : next
    },
    view: () => {
      const state = fetching ? 'fetching' : why !== null ? 'failed' : hourly ? 'waiting' : 'off'
      return { contacts: whom(), state, next, last, why, hourly }
    },
    begin: async () => {
      const kept = await readIfThere(folder, CHOICE_FILE, CHOICE_BYTES).catch(() => null)
      hourly = isHourly(config.fetch, kept === null ? null : parseChoice(Buffer.from(kept).toString()))
    },
    choose: async (wanted) => {
      makeDataDirectory(folder)
      const choice = JSON.stringify({ hourly: wanted, configured: config.fetch })
      await replace(folder, CHOICE_FILE, [Buffer.from(choice)])
      hourly = wanted
      if (!wanted) {
        next = null
        why = null
      }
      onChange()
    },
    ask: () => {
      asked = true
    },
    run: async () => {
      asked = false
      next = null
      fetching = true
      onChange()
      try {
        return await fetch()
      } finally {
        fetching = false
      }
    },
    plan: (consensus) => {
      const facts = { now: clock.now(), consensus, failures: failed + idle, random: random() }
      next = hourly ? nextFetch(facts) : null
      onChange()
    },
  }
}
