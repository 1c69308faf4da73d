/** Schemas of this system's documents, for checking requests and for the OpenAPI document. */
import * as v from 'valibot'
import { answerSchema, verdictSchema } from '#core/http/schemas.ts'
import type { BoxView, CircuitsReport, LeakReport, SetUpState, Stream, TorState, TorboxView } from './wire.ts'

const time = v.pipe(v.number(), v.description('ms since 1970'))
const text = v.nullable(v.string())
const figure = v.nullable(v.number())
const kind = v.picklist(['root', 'user'])

const stream: v.GenericSchema<Stream> = v.object({
  id: v.string(),
  status: v.string(),
  target: v.string(),
  address: text,
  circuit: text,
  since: time,
  bytesReceived: figure,
  bytesSent: figure,
})

const box: v.GenericSchema<BoxView> = v.object({
  name: v.string(),
  kind,
  address: text,
  user: text,
  command: v.string(),
  since: time,
  streams: v.array(stream),
  circuits: v.array(
    v.object({
      id: v.string(),
      status: v.string(),
      purpose: v.string(),
      relays: v.array(v.object({ fingerprint: v.string(), nickname: text, address: text, country: text })),
    }),
  ),
  bytesReceived: figure,
  bytesSent: figure,
})

const tor: v.GenericSchema<TorState> = v.variant('state', [
  v.object({ state: v.literal('ready'), version: text }),
  v.object({ state: v.literal('starting'), percent: v.number(), doing: v.string() }),
  v.object({ state: v.literal('unreachable'), why: v.string() }),
])

const setUp: v.GenericSchema<SetUpState> = v.variant('state', [
  v.object({ state: v.picklist(['whole', 'none', 'unknown']) }),
  v.object({ state: v.literal('broken'), what: v.string() }),
])

const report = {
  at: time,
  tor,
  boxes: v.array(box),
  unassigned: v.array(stream),
  dropped: v.array(
    v.object({
      box: text,
      source: text,
      target: v.string(),
      name: text,
      protocol: v.string(),
      port: figure,
      packets: v.number(),
    }),
  ),
  reasons: v.array(v.object({ reason: v.string(), what: v.string(), packets: v.number() })),
  unread: text,
} as const

/** `noc torbox circuits --json`. */
export const circuitsSchema: v.GenericSchema<CircuitsReport> = v.object(report)

/** `noc torbox leaktest --json`. */
export const leakReportSchema: v.GenericSchema<LeakReport> = v.object({
  at: time,
  tookMs: v.number(),
  box: v.object({ kind, name: v.string() }),
  answer: answerSchema,
  rows: v.array(
    v.object({
      id: v.string() as v.GenericSchema<LeakReport['rows'][number]['id']>,
      group: v.picklist(['tor', 'outside', 'host', 'boxes', 'trouble']),
      name: v.string(),
      proves: v.string(),
      why: v.string(),
      result: v.picklist(['pass', 'fail', 'not-applicable']),
      leak: v.boolean(),
      evidence: v.string(),
    }),
  ),
  notes: v.array(v.string()),
})

/** The page's document. */
export const viewSchema: v.GenericSchema<TorboxView> = v.object({
  ...report,
  answer: answerSchema,
  verdicts: v.array(verdictSchema),
  leakTest: v.object({ last: v.nullable(leakReportSchema), doing: text, trouble: text }),
  setUp,
})

/** Body of POST /leaktest. */
export interface LeakTestBody {
  readonly disruptive?: boolean | undefined
}
export const leakTestBodySchema: v.GenericSchema<unknown, LeakTestBody> = v.strictObject({
  disruptive: v.optional(v.pipe(v.boolean(), v.description('Also stop tor and take the rules away for some seconds'))),
})
/** What POST /leaktest answers: it has begun, its report comes with the view. */
export const startedSchema: v.GenericSchema<{ readonly started: boolean }> = v.object({ started: v.boolean() })

/** Body and answer of POST /new-identity. */
export interface IdentityBody {
  readonly name: string
}
export const identityBodySchema: v.GenericSchema<unknown, IdentityBody> = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/, 'is no name of a box')),
})
/** The box's address from now on; null for a user's box. */
export const identitySchema: v.GenericSchema<{ readonly name: string; readonly address: string | null }> = v.object({
  name: v.string(),
  address: text,
})
