/** Schemas of the documents that every system's answers are made of; for checking and for the OpenAPI document. */
import * as v from 'valibot'
import type { Alert, NightEvent } from '../alerts/types.ts'
import type { SeriesDefinition, SeriesPoints } from '../series/types.ts'
import type { Glance, Health, Stat } from '../system.ts'
import type { Severity, Verdict } from '../verdict.ts'
import type { Answer, SystemState, Tonight } from './documents.ts'

const time = v.pipe(v.number(), v.description('ms since 1970'))
const severity: v.GenericSchema<Severity> = v.picklist(['warning', 'critical'])

const judgement = {
  key: v.string(),
  severity,
  summary: v.string(),
  evidence: v.string(),
  fix: v.string(),
  commands: v.array(v.string()),
} as const

export const verdictSchema: v.GenericSchema<Verdict> = v.object(judgement)

export const answerSchema: v.GenericSchema<Answer> = v.object({
  severity: v.picklist(['warning', 'critical', 'ok']),
  sentence: v.string(),
  paragraph: v.string(),
})

export const alertSchema: v.GenericSchema<Alert> = v.object({
  ...judgement,
  id: v.number(),
  system: v.string(),
  since: time,
  seen: time,
  cleared: v.nullable(time),
  acknowledged: v.nullable(v.object({ at: time, by: v.string() })),
  silencedUntil: v.nullable(time),
})

export const eventSchema: v.GenericSchema<NightEvent> = v.object({
  id: v.number(),
  at: time,
  system: v.string(),
  severity: v.picklist(['warning', 'critical', 'info', 'ok']),
  text: v.string(),
})

const health: v.GenericSchema<Health | { readonly state: 'off' }> = v.union([
  v.object({ state: v.picklist(['up', 'starting', 'off']) }),
  v.object({ state: v.picklist(['degraded', 'down']), why: v.string(), fix: v.exactOptional(v.string()) }),
])

const stat: v.GenericSchema<Stat> = v.object({
  label: v.string(),
  value: v.string(),
  unit: v.string(),
  note: v.string(),
  series: v.exactOptional(v.string()),
  severity: v.exactOptional(severity),
})

const glance: v.GenericSchema<Glance> = v.object({ sentence: v.string(), stats: v.array(stat) })

const systemState: v.GenericSchema<SystemState> = v.object({
  id: v.string(),
  title: v.string(),
  summary: v.string(),
  wing: v.picklist(['watch', 'serve', 'protect', 'world']),
  health,
  glance: v.nullable(glance),
  alerts: v.number(),
  severity: v.nullable(severity),
})

export const tonightSchema: v.GenericSchema<Tonight> = v.object({
  at: time,
  host: v.string(),
  utcOffset: v.pipe(v.number(), v.description('minutes ahead of UTC')),
  version: v.string(),
  started: time,
  booted: time,
  answer: answerSchema,
  findings: v.array(alertSchema),
  night: v.object({ from: time, to: time, events: v.array(eventSchema) }),
  systems: v.array(systemState),
  cost: v.object({ cpu: v.number(), memory: v.number() }),
})

export const seriesDefinitionSchema: v.GenericSchema<SeriesDefinition> = v.object({
  name: v.string(),
  unit: v.string(),
  step: v.pipe(v.number(), v.description('seconds')),
})

const points = v.array(v.nullable(v.number()))

export const seriesPointsSchema: v.GenericSchema<SeriesPoints> = v.object({
  name: v.string(),
  unit: v.string(),
  step: v.number(),
  at: v.array(time),
  average: points,
  minimum: points,
  maximum: points,
})
