import { setTimeout } from 'node:timers/promises'
import { systemErrorCode } from '#core/errors.ts'
import { clear } from './box.ts'
import { alive, companionsOf } from './processes.ts'
import type { Registry, RootBox } from './records.ts'

/** How long programs may take to end after SIGTERM, and how often we look, ms. */
const GRACE_MS = 5000
const LOOK_MS = 25

/** Asks all programs of a box to end, then ends it; also clears away a stale one. */
export async function stopRootBox(registry: Registry, box: RootBox): Promise<void> {
  const { init, starter } = box
  if (init !== null && alive(init)) {
    // The first process ends by itself with the program, and says how that ended; it is killed only when it does not.
    const end = async (name: NodeJS.Signals, pids: readonly number[]): Promise<void> => {
      for (const pid of pids) signal(pid, name)
      const until = performance.now() + GRACE_MS
      while (alive(init) && performance.now() < until) await setTimeout(LOOK_MS)
    }
    await end('SIGTERM', companionsOf(init.pid))
    if (alive(init)) await end('SIGKILL', companionsOf(init.pid))
    if (alive(init)) await end('SIGKILL', [init.pid])
  } else if (init === null && alive(starter)) signal(starter.pid, 'SIGTERM')
  // Its own noc does the same; whoever is first.
  await clear(registry, box)
}

/** A signal to a process that may have ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}
