/** Schemas of the set-ups' documents, for the OpenAPI document. */
import * as v from 'valibot'
import type {
  ChangeDocument,
  LogDocument,
  PlanDocument,
  ProgressDocument,
  RunDocument,
  SetupDocument,
  SetupList,
  UndoDocument,
} from './documents.ts'
import type { SetupEvent } from './types.ts'

const lines = v.array(v.string())
const time = v.pipe(v.number(), v.description('ms since 1970'))
const verb = v.picklist(['apply', 'undo'])
const outcomes = ['complete', 'conflict', 'stopped'] as const

const change: v.GenericSchema<ChangeDocument> = v.object({
  id: v.string(),
  why: v.string(),
  source: v.nullable(v.string()),
  diff: lines,
  reload: v.boolean(),
  refused: v.nullable(v.string()),
  undo: v.picklist(['exact', 'best-effort', 'never']),
  losses: v.nullable(v.string()),
})

/** GET /:name/plan */
export const plan: v.GenericSchema<PlanDocument> = v.object({
  setup: v.string(),
  hash: v.string(),
  changes: v.array(change),
})

/** GET /:name/undo */
export const undo: v.GenericSchema<UndoDocument> = v.object({
  setup: v.string(),
  hash: v.string(),
  acts: v.array(
    v.object({
      run: v.number(),
      id: v.string(),
      verdict: v.picklist(['restore', 'same', 'conflict']),
      why: v.string(),
      diff: lines,
    }),
  ),
})

const about = {
  run: v.number(),
  verb,
  actor: v.string(),
  at: time,
  outcome: v.picklist([...outcomes, 'killed']),
} as const

const run: v.GenericSchema<RunDocument> = v.object({
  ...about,
  standing: v.number(),
  acts: v.array(v.object({ id: v.string(), why: v.string(), diff: lines })),
  troubles: v.array(v.object({ id: v.string(), why: v.string() })),
})

/** GET /:name/log */
export const log: v.GenericSchema<LogDocument> = v.object({ setup: v.string(), runs: v.array(run) })

const id = v.string()
const event: v.GenericSchema<SetupEvent> = v.variant('event', [
  v.object({ event: v.literal('begin'), setup: v.string(), verb, run: v.number() }),
  v.object({ event: v.literal('act'), id, why: v.string(), diff: lines }),
  v.object({ event: v.picklist(['done', 'same', 'reload']), id }),
  v.object({ event: v.literal('conflict'), id, why: v.string(), diff: lines }),
  v.object({ event: v.literal('probe'), id, says: v.string(), ok: v.boolean(), saw: v.string() }),
  v.object({ event: v.literal('end'), setup: v.string(), run: v.number(), outcome: v.picklist(outcomes) }),
])

const progress: v.GenericSchema<ProgressDocument> = v.object({
  setup: v.string(),
  running: v.boolean(),
  events: v.array(event),
  error: v.nullable(v.object({ code: v.string(), message: v.string(), hint: v.nullable(v.string()) })),
})

const setup: v.GenericSchema<SetupDocument> = v.object({
  name: v.string(),
  summary: v.string(),
  pending: v.nullable(v.number()),
  error: v.nullable(v.string()),
  standing: v.number(),
  last: v.nullable(v.object(about)),
})

/** GET / */
export const setupList: v.GenericSchema<SetupList> = v.object({
  setups: v.array(setup),
  progress: v.nullable(progress),
})

/** POST /:name/apply and /:name/undo; `run` is null when there was nothing to do. */
export const started: v.GenericSchema<{ readonly run: number | null }> = v.object({ run: v.nullable(v.number()) })
