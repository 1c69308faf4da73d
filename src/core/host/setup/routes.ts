/** The set-ups' part of the JSON API; the daemon mounts it under /api/setups. */
import { existsSync } from 'node:fs'
import * as v from 'valibot'
import type { Clock } from '../../clock.ts'
import { NocError, exitCode, reasonOf } from '../../errors.ts'
import type { LiveChannel } from '../../http/live.ts'
import type { Route, RouteRequest } from '../../http/route.ts'
import { lockedIn, lockedInError } from '../locked-in.ts'
import { type ConfiguredSetup, type SetupWork, type Wanted, journalOf, notLookedAt, workHere } from './configured.ts'
import { logDocument } from './describe.ts'
import type { LogDocument, ProgressDocument, SetupDocument, SetupList } from './documents.ts'
import { workByHelper } from './helper.ts'
import { kindsByName } from './kinds/index.ts'
import * as schemas from './schemas.ts'
import type { Host, SetupEvent } from './types.ts'

/** What the routes work with. */
export interface SetupRoutesOptions {
  /** Asked at every request: the configuration may have been read again. */
  setups(): Promise<readonly ConfiguredSetup[]>
  readonly host: Host
  /** The data directory. */
  readonly data: string
  readonly clock: Clock
  readonly live: LiveChannel
  /** Aborted when the daemon stops: a run ends between two steps then. */
  readonly signal: AbortSignal
  /** Socket of the helper, which does the work when this process may not. */
  readonly helper: string
}

/** Runs that go on while the console watches; one at a time, as the lock has it. */
interface Runner {
  progress(): ProgressDocument | null
  /** Resolves to the run's number when it has begun, to null when there was nothing to do. */
  start(setup: string, events: AsyncGenerator<SetupEvent>): Promise<{ readonly run: number | null }>
}

function createRunner(live: LiveChannel): Runner {
  let progress: ProgressDocument | null = null
  const tell = (next: ProgressDocument): void => {
    progress = next
    live.publish(next)
  }
  const rest = async (events: AsyncGenerator<SetupEvent>, from: ProgressDocument): Promise<void> => {
    let last = from
    try {
      for await (const event of events) tell((last = { ...last, events: [...last.events, event] }))
      tell({ ...last, running: false })
    } catch (error) {
      const { code, hint } = error instanceof NocError ? error : { code: 'NOC_SETUP_FAULT', hint: undefined }
      const message = error instanceof Error ? error.message : reasonOf(error)
      tell({ ...last, running: false, error: { code, message, hint: hint ?? null } })
    }
  }
  return {
    progress: () => progress,
    async start(setup, events) {
      // Whatever refuses it (stale, locked, guarded) does so before the first event.
      const { value: first, done } = await events.next()
      if (done) return { run: null }
      const begun: ProgressDocument = { setup, running: true, events: [first], error: null }
      tell(begun)
      void rest(events, begun)
      return { run: first.event === 'begin' ? first.run : null }
    },
  }
}

const planHash = v.object({ hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is the hash of a plan')) })
const undoBody = v.object({
  ...planHash.entries,
  run: v.exactOptional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1)))),
  force: v.exactOptional(v.boolean()),
})

function runQuery({ query }: RouteRequest): number | null {
  if (query['run'] === undefined) return null
  if (/^\d{1,9}$/.test(query['run'])) return Number(query['run'])
  throw new NocError('NOC_HTTP_QUERY', 'run must be the number of a run', { exit: exitCode.usage })
}

function refuseLockedIn({ setup }: ConfiguredSetup): never {
  throw lockedInError(
    'look at set-ups or carry them out',
    `A helper may, once you say so: systemctl enable --now nocturne-setups.socket. Without it: noc ${setup.name} plan.`,
  )
}

/** List, plan, apply, undo and log of all set-ups. */
export function setupRoutes(options: SetupRoutesOptions): readonly Route[] {
  const runner = createRunner(options.live)
  const find = async ({ params }: RouteRequest): Promise<ConfiguredSetup> => {
    const one = (await options.setups()).find(({ setup }) => setup.name === params['name'])
    if (one) return one
    throw new NocError('NOC_SETUP_UNKNOWN', 'There is no such set-up.', { exit: exitCode.found })
  }
  const { helper, host, data, clock, signal } = options
  /** Locked in, a daemon can neither change nor, for some kinds, look; its helper could. */
  const workOf = (one: ConfiguredSetup): SetupWork => {
    if (host.root !== '' || !lockedIn()) return workHere({ host, data, clock, signal }, one)
    return existsSync(helper) ? workByHelper(helper, one.setup.name, signal) : refuseLockedIn(one)
  }
  const start = async (request: RouteRequest, wanted: Omit<Wanted, 'actor'>): ReturnType<Runner['start']> => {
    const one = await find(request)
    return runner.start(one.setup.name, workOf(one).run({ ...wanted, actor: request.actor }))
  }
  const describe = async (one: ConfiguredSetup): Promise<SetupDocument> => {
    try {
      return await workOf(one).describe()
    } catch (error) {
      return notLookedAt(data, one, error)
    }
  }
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'The set-ups and whether this host is as they want it',
      response: schemas.setupList,
      handle: async (): Promise<SetupList> => {
        const setups: SetupDocument[] = []
        for (const one of await options.setups()) setups.push(await describe(one))
        return { setups, progress: runner.progress() }
      },
    },
    {
      method: 'GET',
      path: '/:name/plan',
      summary: 'What apply would change, and why',
      response: schemas.plan,
      handle: async (request) => workOf(await find(request)).plan(),
    },
    {
      method: 'POST',
      path: '/:name/apply',
      summary: 'Makes the changes of the plan that has this hash; its events go to the live topic `setups`',
      body: planHash,
      response: schemas.started,
      handle: (request) => {
        const { hash } = request.body as v.InferOutput<typeof planHash>
        return start(request, { verb: 'apply', hash, run: null, force: false })
      },
    },
    {
      method: 'GET',
      path: '/:name/undo',
      summary: 'What undo would put back',
      query: { run: 'only this run', force: '1: also what others have changed since' },
      response: schemas.undo,
      handle: async (request) =>
        workOf(await find(request)).undoPlan({ run: runQuery(request), force: request.query['force'] === '1' }),
    },
    {
      method: 'POST',
      path: '/:name/undo',
      summary: 'Puts back what the undo with this hash showed; its events go to the live topic `setups`',
      body: undoBody,
      response: schemas.started,
      handle: (request) => {
        const { hash, run = null, force = false } = request.body as v.InferOutput<typeof undoBody>
        return start(request, { verb: 'undo', hash, run, force })
      },
    },
    {
      method: 'GET',
      path: '/:name/log',
      summary: 'Who changed what when, and what was there before',
      query: { run: 'only this run' },
      response: schemas.log,
      handle: async (request): Promise<LogDocument> => {
        const one = await find(request)
        const { setup } = one
        return logDocument(setup.name, journalOf(data, one), kindsByName(setup.kinds), runQuery(request))
      },
    },
  ]
}
