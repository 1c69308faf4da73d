/** The shapes of wire.ts as schemas: for the API's description, and to check what `--replay` reads. */
import * as v from 'valibot'
import type { InterruptsSample, InterruptsView } from './wire.ts'

const figures = v.array(v.number())
const verdict = v.object({
  key: v.string(),
  severity: v.picklist(['warning', 'critical']),
  summary: v.string(),
  evidence: v.string(),
  fix: v.string(),
  commands: v.array(v.string()),
})
const line = v.object({
  id: v.string(),
  name: v.string(),
  chip: v.string(),
  counts: figures,
  rates: v.array(v.nullable(v.number())),
  total: v.number(),
  rate: v.nullable(v.number()),
  affinity: v.exactOptional(v.string()),
  node: v.exactOptional(v.number()),
})

/** One sample: `noc interrupts --json`, GET /api/interrupts. */
export const sampleSchema: v.GenericSchema<InterruptsSample> = v.object({
  at: v.number(),
  interval: v.number(),
  cpus: figures,
  nodes: v.array(v.object({ id: v.number(), cpus: figures })),
  interrupts: v.array(line),
  softirqs: v.array(line),
  verdicts: v.array(verdict),
})

const heatRow = v.object({
  id: v.string(),
  name: v.string(),
  chip: v.string(),
  rate: v.number(),
  share: v.number(),
  cells: figures,
  affinity: v.nullable(v.string()),
  node: v.nullable(v.number()),
  history: figures,
})

/** What the page shows: GET /api/interrupts/view and the live topic. */
export const viewSchema: v.GenericSchema<InterruptsView> = v.object({
  at: v.number(),
  interval: v.number(),
  answer: v.object({
    severity: v.picklist(['ok', 'warning', 'critical']),
    sentence: v.string(),
    paragraph: v.string(),
  }),
  cpus: v.number(),
  lines: v.number(),
  rate: v.number(),
  busiestCpu: v.nullable(v.object({ cpu: v.number(), rate: v.number(), share: v.number() })),
  busiestLine: v.nullable(v.object({ id: v.string(), name: v.string(), rate: v.number() })),
  network: v.nullable(v.object({ receive: v.number(), dropped: v.number(), squeezed: v.number() })),
  columns: v.array(v.object({ label: v.string(), node: v.number(), cpus: figures })),
  rows: v.array(heatRow),
  hidden: v.number(),
  softirqs: v.array(heatRow),
  verdicts: v.array(verdict),
})
