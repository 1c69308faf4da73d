/** What the crash test's child process runs: apply or undo, ended by SIGKILL at one of its ticks. */
import { systemClock } from '#core/clock.ts'
import { apply } from '#core/host/setup/apply.ts'
import { createHost } from '#core/host/setup/host.ts'
import { openJournal } from '#core/host/setup/journal.ts'
import { kindsByName } from '#core/host/setup/kinds/index.ts'
import { makePlan } from '#core/host/setup/plan.ts'
import type { Point, Session } from '#core/host/setup/run.ts'
import type { Host, Setup, SetupEvent } from '#core/host/setup/types.ts'
import { undo } from '#core/host/setup/undo.ts'

/** The work of one child. */
export interface Order<C> {
  readonly root: string
  readonly netns: string | null
  readonly data: string
  readonly config: C
  readonly verb: 'apply' | 'undo'
  /** The tick at which it is killed. */
  readonly tick: number
}

/**
 * Counts ticks: every point of the engine, and within an act every program that has ended. `at` is called with the
 * number of each.
 */
export function ticking(session: Session, at: (tick: number) => void): Session {
  let ticks = 0
  let acting = false
  const tick = (): void => at((ticks += 1))
  const point = (name: Point): void => {
    acting = name === 'act' || name === 'reload'
    tick()
  }
  const host: Host = {
    ...session.host,
    run: async (argv, options) => {
      const answer = await session.host.run(argv, options)
      if (acting) tick()
      return answer
    },
  }
  return { ...session, host, point }
}

/** Applies or undoes a set-up to its end; gives what happened. */
export async function perform<C>(
  session: Session,
  setup: Setup<C>,
  config: C,
  verb: 'apply' | 'undo',
): Promise<readonly SetupEvent[]> {
  const events: SetupEvent[] = []
  const journal = openJournal(session.data, setup.name, { writable: false })
  const wish = { setup: setup.name, kinds: kindsByName(setup.kinds), run: null, force: false, hash: null }
  const steps =
    verb === 'apply'
      ? apply(session, await makePlan(session.host, setup.name, setup.steps(config), journal.entries))
      : undo(session, wish)
  for await (const event of steps) events.push(event)
  return events
}

/** Carries out the order in the first argument of the process. */
export async function main<C>(setup: Setup<C>): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '') as Order<C>
  const session: Session = {
    host: createHost(order),
    data: order.data,
    actor: 'child',
    clock: systemClock,
    signal: new AbortController().signal,
  }
  const kill = (tick: number): void => {
    if (tick === order.tick) process.kill(process.pid, 'SIGKILL')
  }
  await perform(ticking(session, kill), setup, order.config, order.verb)
}
