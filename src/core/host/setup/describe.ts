/** From plans and journals to documents. */
import { reasonOf } from '../../errors.ts'
import { type IntentEntry, type RunSummary, runs } from './history.ts'
import type { Journal } from './journal.ts'
import { SECRET, diffOf } from './plan.ts'
import type { LogDocument, PlanDocument, RunDocument, UndoDocument, WhyDocument } from './documents.ts'
import type { Json, Kept, Kind, Plan, Setup, Step } from './types.ts'
import type { UndoPlan } from './undo.ts'

/** What apply would do. */
export function planDocument(plan: Plan): PlanDocument {
  const changes = plan.changes.map(({ step, now, to, reload, refused }) => ({
    id: step.id,
    why: step.why,
    source: step.source ?? null,
    diff: diffOf({ ...step, secret: step.secret === true }, now, to),
    reload,
    refused,
    undo: step.use.invert,
    losses: step.use.losses ?? null,
  }))
  return { setup: plan.setup, hash: plan.hash, changes }
}

/** What undo would do. */
export function undoDocument(setup: string, plan: UndoPlan): UndoDocument {
  const acts = plan.items.map(({ intent, verdict, why, diff }) => ({
    run: intent.run,
    id: intent.id,
    verdict,
    why: why === '' ? intent.why : why,
    diff,
  }))
  return { setup, hash: plan.hash, acts }
}

/** What was done, with what was there before; `run` narrows it to one. */
export function logDocument(
  setup: string,
  journal: Journal,
  kinds: ReadonlyMap<string, Kind>,
  run: number | null = null,
): LogDocument {
  const wanted = runs(journal.entries).filter((summary) => run === null || summary.run === run)
  return { setup, runs: wanted.map((summary) => runDocument(summary, journal, kinds)) }
}

function runDocument(summary: RunSummary, journal: Journal, kinds: ReadonlyMap<string, Kind>): RunDocument {
  const acts = summary.acts.map((intent) => {
    const { id, why } = intent
    return { id, why, diff: pastDiff(intent, journal, kinds) }
  })
  return { ...summary, acts }
}

function pastDiff(intent: IntentEntry, journal: Journal, kinds: ReadonlyMap<string, Kind>): readonly string[] {
  const use = kinds.get(intent.kind)
  if (use === undefined) return [`  (a "${intent.kind}", which this version does not know)`]
  if (intent.secret) return SECRET
  const value = (kept: Kept): Json => journal.value(kept)
  try {
    return diffOf({ use, params: value(intent.params), secret: false }, value(intent.before), value(intent.after))
  } catch (error) {
    return [`  (${reasonOf(error)})`]
  }
}

/** The reasons of these steps. */
export function whyDocument({ name, summary }: Pick<Setup, 'name' | 'summary'>, steps: readonly Step[]): WhyDocument {
  return {
    setup: name,
    summary,
    steps: steps.map((step) => ({
      id: step.id,
      why: step.why,
      source: step.source ?? null,
      needs: (step.needs ?? []).map(({ id }) => id),
      notify: (step.notify ?? []).map(({ id }) => id),
      undo: step.use.invert,
      losses: step.use.losses ?? null,
      probe: step.probe?.says ?? null,
    })),
  }
}
