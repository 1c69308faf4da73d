/** Hours of the daemon's history, for commands that are given a time instead of a file. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NocError, exitCode } from '#core/errors.ts'
import { HISTORY_FILE, openHistory } from './history/store.ts'
import type { RelayMap } from './types.ts'
import { timeText } from './words.ts'

/** How long after its hour a consensus still holds, ms. Source: dir-spec, `valid-until`. */
const HOLDS_MS = 3 * 3_600_000

/** The map that was in force at a time, out of the history of this data directory; the daemon may be running or not. */
export async function hourAt(dataDirectory: string, at: number, now: number): Promise<RelayMap> {
  const folder = join(dataDirectory, 'tormap')
  if (!existsSync(join(folder, HISTORY_FILE))) throw noHour(at, [])
  const history = await openHistory(folder, now)
  try {
    const hours = history.hours()
    const hour = hours.findLast((one) => one <= at)
    if (hour === undefined || at - hour >= HOLDS_MS) throw noHour(at, hours)
    return await history.open(hour)
  } finally {
    history.close()
  }
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
