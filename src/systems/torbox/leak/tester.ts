/** The daemon's leak test: one at a time, and its last report. */
import { reasonOf } from '#core/errors.ts'
import type { Clock } from '#core/clock.ts'
import type { TorboxConfig } from '../config.ts'
import type { LeakTestState } from '../wire.ts'
import { openLab } from './box-lab.ts'
import { LEAKTEST_BOX, kindHere } from './cli.ts'
import { leakTest } from './run.ts'

/** Runs leak tests. */
export interface Tester {
  readonly state: LeakTestState
  /** Whether this is a box of the test. */
  isOwn(box: string): boolean
  /** False when one runs already. */
  start(disruptive: boolean): boolean
  stop(): Promise<void>
}

/** What a tester is given. */
export interface TesterOptions {
  readonly config: TorboxConfig
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told when the state is another. */
  onChange(): void
}

/** Makes a tester; it does nothing yet. */
export function createTester({ config, clock, signal, onChange }: TesterOptions): Tester {
  const stopped = new AbortController()
  let state: LeakTestState = { last: null, doing: null, trouble: null }
  let running: Promise<void> | null = null
  const become = (change: Partial<LeakTestState>): void => {
    state = { ...state, ...change }
    onChange()
  }
  const work = async (disruptive: boolean): Promise<void> => {
    const kind = await kindHere(config)
    const lab = await openLab({
      config,
      kind,
      name: LEAKTEST_BOX,
      configFile: configOf(process.argv),
      env: process.env,
    })
    try {
      const either = AbortSignal.any([signal, stopped.signal])
      const progress = (doing: string): void => become({ doing })
      state = { ...state, last: await leakTest({ lab, disruptive, clock, signal: either, progress }) }
    } finally {
      await lab.close()
    }
  }
  return {
    get state() {
      return state
    },
    isOwn: (box) => box === LEAKTEST_BOX || /^leaktest-\d+$/.test(box),
    start(disruptive) {
      if (running !== null) return false
      become({ doing: 'Begins', trouble: null })
      running = work(disruptive)
        .then(
          () => become({ doing: null }),
          (error: unknown) => become({ doing: null, trouble: reasonOf(error) }),
        )
        .finally(() => (running = null))
      return true
    },
    async stop() {
      stopped.abort()
      await running
    },
  }
}

/** The configuration file that this daemon was started with, for the boxes that the test starts. */
function configOf(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--config')
  return at < 0 ? undefined : argv[at + 1]
}
