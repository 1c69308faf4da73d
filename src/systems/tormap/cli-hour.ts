/** Hours of the daemon's history, for commands that are given a time instead of a file, or want more than one hour. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NocError, exitCode } from '#core/errors.ts'
import { HISTORY_FILE, type History, openHistory } from './history/store.ts'
import type { RelayMap } from './types.ts'
import { timeText } from './words.ts'

/** How long after its hour a consensus still holds, ms. Source: dir-spec, `valid-until`. */
const HOLDS_MS = 3 * 3_600_000

/** The map that was in force at a time, out of the history of this data directory; the daemon may be running or not. */
export async function hourAt(dataDirectory: string, at: number, now: number): Promise<RelayMap> {
  const history = await historyIn(dataDirectory, now)
  if (history === null) throw noHour(at, [])
  try {
    const hours = history.hours()
    const hour = hours.findLast((one) => one <= at)
    if (hour === undefined || at - hour >= HOLDS_MS) throw noHour(at, hours)
    return await history.open(hour)
  } finally {
    history.close()
  }
}

/** The last hours up to a time, at most so many, oldest first; fewer, or none, where the history has no more. */
export async function hoursUntil(dataDirectory: string, at: number, most: number, now: number): Promise<number[]> {
  const history = await historyIn(dataDirectory, now)
  const hours = history?.hours().filter((one) => one <= at) ?? []
  history?.close()
  return hours.slice(-most)
}

/** The maps of these hours one after the other: each is read when it is asked for. */
export async function* mapsAt(dataDirectory: string, hours: readonly number[], now: number): AsyncGenerator<RelayMap> {
  const history = hours.length === 0 ? null : await historyIn(dataDirectory, now)
  if (history === null) return
  try {
    for (const hour of hours) yield await history.open(hour)
  } finally {
    history.close()
  }
}

/** Null: nothing was ever kept there. */
async function historyIn(dataDirectory: string, now: number): Promise<History | null> {
  const folder = join(dataDirectory, 'tormap')
  return existsSync(join(folder, HISTORY_FILE)) ? openHistory(folder, now) : null
}

function noHour(at: number, hours: readonly number[]): NocError {
  const [first, last] = [hours[0], hours.at(-1)]
  const has =
    first === undefined || last === undefined
      ? 'It is empty: the daemon (`noc up`) fills it, once an hour.'
      : `It goes from ${timeText(first)} to ${timeText(last)}; hours: ${hours.length}.`
  return new NocError('NOC_TORMAP_NO_HOUR', `The history has no consensus that was in force at ${timeText(at)}.`, {
    hint: has,
    exit: exitCode.usage,
  })
}
