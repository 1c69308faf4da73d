/** The set-ups' part of the JSON API; the daemon mounts it under /api/setups. */
import * as v from 'valibot'
import type { Clock } from '../../clock.ts'
import { NocError, exitCode, reasonOf } from '../../errors.ts'
import type { LiveChannel } from '../../http/live.ts'
import type { Route, RouteRequest } from '../../http/route.ts'
import { apply } from './apply.ts'
import { logDocument, planDocument, undoDocument } from './describe.ts'
import type { LogDocument, ProgressDocument, SetupDocument, SetupList } from './documents.ts'
import { runs, standing } from './history.ts'
import { openJournal, type Journal } from './journal.ts'
import { kindsByName } from './kinds/index.ts'
import { makePlan } from './plan.ts'
import * as schemas from './schemas.ts'
import type { Host, Plan, Setup, SetupEvent } from './types.ts'
import { type UndoWish, planUndo, undo } from './undo.ts'

/** A set-up with its table of the configuration. */
export interface ConfiguredSetup {
  readonly setup: Setup
  readonly config: unknown
}

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

function journalOf({ data }: SetupRoutesOptions, { setup }: ConfiguredSetup): Journal {
  return openJournal(data, setup.name, { writable: false })
}

async function planOf(
  options: SetupRoutesOptions,
  { setup, config }: ConfiguredSetup,
  journal: Journal,
): Promise<Plan> {
  return makePlan(options.host, setup.name, setup.steps(config), journal.entries)
}

async function describe(options: SetupRoutesOptions, one: ConfiguredSetup): Promise<SetupDocument> {
  const { name, summary } = one.setup
  try {
    const journal = journalOf(options, one)
    const stands = standing(journal.entries).filter(({ undoes }) => undoes === null).length
    const [last = null] = runs(journal.entries)
    const about = last && { run: last.run, verb: last.verb, actor: last.actor, at: last.at, outcome: last.outcome }
    const known = { name, summary, standing: stands, last: about }
    return await planOf(options, one, journal).then(
      (plan) => ({ ...known, pending: plan.changes.length, error: null }),
      (error: unknown) => ({ ...known, pending: null, error: reasonOf(error) }),
    )
  } catch (error) {
    return { name, summary, standing: 0, last: null, pending: null, error: reasonOf(error) }
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

function wishFor({ setup }: ConfiguredSetup, rest: Pick<UndoWish, 'run' | 'force' | 'hash'>): UndoWish {
  return { setup: setup.name, kinds: kindsByName(setup.kinds), ...rest }
}

/** List, plan, apply, undo and log of all set-ups. */
export function setupRoutes(options: SetupRoutesOptions): readonly Route[] {
  const runner = createRunner(options.live)
  const find = async ({ params }: RouteRequest): Promise<ConfiguredSetup> => {
    const one = (await options.setups()).find(({ setup }) => setup.name === params['name'])
    if (one) return one
    throw new NocError('NOC_SETUP_UNKNOWN', 'There is no such set-up.', { exit: exitCode.found })
  }
  const session = ({ actor }: RouteRequest): Parameters<typeof apply>[0] => ({ ...options, actor })
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'The set-ups and whether this host is as they want it',
      response: schemas.setupList,
      handle: async (): Promise<SetupList> => {
        const setups: SetupDocument[] = []
        for (const one of await options.setups()) setups.push(await describe(options, one))
        return { setups, progress: runner.progress() }
      },
    },
    {
      method: 'GET',
      path: '/:name/plan',
      summary: 'What apply would change, and why',
      response: schemas.plan,
      handle: async (request) => {
        const one = await find(request)
        return planDocument(await planOf(options, one, journalOf(options, one)))
      },
    },
    {
      method: 'POST',
      path: '/:name/apply',
      summary: 'Makes the changes of the plan that has this hash; its events go to the live topic `setups`',
      body: planHash,
      response: schemas.started,
      handle: async (request) => {
        const one = await find(request)
        const { hash } = request.body as v.InferOutput<typeof planHash>
        const plan = await planOf(options, one, journalOf(options, one))
        // apply compares once more, with the lock held.
        return runner.start(one.setup.name, apply(session(request), { ...plan, hash }))
      },
    },
    {
      method: 'GET',
      path: '/:name/undo',
      summary: 'What undo would put back',
      query: { run: 'only this run', force: '1: also what others have changed since' },
      response: schemas.undo,
      handle: async (request) => {
        const one = await find(request)
        const wish = wishFor(one, { run: runQuery(request), force: request.query['force'] === '1', hash: null })
        return undoDocument(one.setup.name, await planUndo(options.host, journalOf(options, one), wish))
      },
    },
    {
      method: 'POST',
      path: '/:name/undo',
      summary: 'Puts back what the undo with this hash showed; its events go to the live topic `setups`',
      body: undoBody,
      response: schemas.started,
      handle: async (request) => {
        const one = await find(request)
        const { hash, run = null, force = false } = request.body as v.InferOutput<typeof undoBody>
        return runner.start(one.setup.name, undo(session(request), wishFor(one, { run, force, hash })))
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
        return logDocument(setup.name, journalOf(options, one), kindsByName(setup.kinds), runQuery(request))
      },
    },
  ]
}
