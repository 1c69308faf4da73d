/** Schemas of this system's documents, for checking requests and for the OpenAPI document. */
import * as v from 'valibot'
import { answerSchema, verdictSchema } from '#core/http/schemas.ts'
import type { CloseResult, ConnectionGroup, ConnectionsSnapshot, ConnectionsView, ProbeResult } from './wire.ts'

const unknown = v.nullable(v.number())
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
/** Longest host name there is (RFC 1035), and longest endpoint text. */
const host = v.pipe(v.string(), v.minLength(1), v.maxLength(255))

const group: v.GenericSchema<ConnectionGroup> = v.object({
  remote: v.object({ ip: v.string(), port: unknown, name: v.nullable(v.string()) }),
  localPort: unknown,
  direction: v.picklist(['out', 'in']),
  protocol: v.picklist(['tcp', 'udp']),
  process: v.nullable(v.string()),
  unit: v.nullable(v.string()),
  user: v.nullable(v.string()),
  state: v.string(),
  count: v.number(),
  growthPerMinute: unknown,
  idleMedianMs: unknown,
  idleMaxMs: unknown,
  ageMaxMs: unknown,
  keepAlive: v.nullable(v.boolean()),
  bytesReceived: unknown,
  bytesSent: unknown,
  receiveQueue: v.number(),
  sendQueue: v.number(),
  pids: v.array(v.number()),
})

const snapshot = {
  at: v.pipe(v.number(), v.description('ms since 1970')),
  source: v.picklist(['netlink', 'ss', 'proc']),
  unknown: v.array(v.string()),
  sockets: v.number(),
  states: v.record(v.string(), v.number()),
  groups: v.array(group),
  hiddenGroups: v.number(),
  verdicts: v.array(verdictSchema),
} as const

/** `noc connections --json`. */
export const snapshotSchema: v.GenericSchema<ConnectionsSnapshot> = v.object(snapshot)

/** The page's document. */
export const viewSchema: v.GenericSchema<ConnectionsView> = v.object({
  ...snapshot,
  answer: answerSchema,
  stuck: v.number(),
})

const outcome = v.picklist(['refused', 'timeout', 'answers', 'hangs', 'unreachable'])

/** Body of POST /probe. */
export interface ProbeBody {
  readonly host: string
  readonly port: number
  readonly parallel?: number | undefined
}
export const probeBodySchema: v.GenericSchema<unknown, ProbeBody> = v.strictObject({
  host,
  port,
  parallel: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5))),
})

/** `noc connections probe --json`. */
export const probeResultSchema: v.GenericSchema<ProbeResult> = v.object({
  host: v.string(),
  port: v.number(),
  outcome,
  tries: v.array(v.object({ ip: v.string(), outcome, connectMs: unknown, firstByteMs: unknown, detail: v.string() })),
  summary: v.string(),
})

/** Body of POST /close: without `plan` nothing is done. */
export interface CloseBody {
  readonly remote: string
  readonly process?: string | undefined
  readonly state?: string | undefined
  readonly port?: number | undefined
  readonly plan?: string | undefined
}
export const closeBodySchema: v.GenericSchema<unknown, CloseBody> = v.strictObject({
  remote: host,
  process: v.optional(v.pipe(v.string(), v.maxLength(64))),
  state: v.optional(v.pipe(v.string(), v.maxLength(20))),
  port: v.optional(port),
  plan: v.optional(v.pipe(v.string(), v.hexadecimal(), v.maxLength(64))),
})

/** `noc connections close --json`. */
export const closeResultSchema: v.GenericSchema<CloseResult> = v.object({
  dryRun: v.boolean(),
  found: v.number(),
  closed: v.number(),
  failed: v.array(v.object({ socket: v.string(), why: v.string() })),
  sockets: v.array(
    v.object({
      local: v.string(),
      remote: v.string(),
      state: v.string(),
      process: v.nullable(v.string()),
      pid: unknown,
    }),
  ),
  plan: v.string(),
})
