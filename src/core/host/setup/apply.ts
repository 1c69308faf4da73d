import { NocError, exitCode } from '../../errors.ts'
import type { Journal } from './journal.ts'
import { dependents } from './order.ts'
import { diffOf, makePlan, same } from './plan.ts'
import { type Run, type Session, beginRun, carryOut, dueOf, endRun, interrupted, locked, reload } from './run.ts'
import type { Change, Json, Plan, SetupEvent, Target } from './types.ts'

/**
 * Does what the plan says, a step at a time; each is looked at again right before it is changed. Throws when the host
 * is no longer as the plan saw it, when a guard or a check refuses, or when a step fails: what was done until then
 * stands in the journal and can be undone.
 */
export function apply(session: Session, plan: Plan): AsyncGenerator<SetupEvent> {
  return locked(session, plan.setup, (journal) => applyLocked(session, journal, plan))
}

async function* applyLocked(session: Session, journal: Journal, plan: Plan): AsyncGenerator<SetupEvent> {
  const fresh = await makePlan(session.host, plan.setup, plan.steps, journal.entries)
  if (fresh.hash !== plan.hash) throw stale('The host')
  for (const { step, refused } of fresh.changes) if (refused !== null) throw refusal(step.id, refused)
  if (fresh.changes.length === 0) return
  const run = beginRun(session, journal, 'apply', plan.hash)
  yield { event: 'begin', setup: plan.setup, verb: 'apply', run: run.number }
  const acted = new Set<string>()
  try {
    for (const change of fresh.changes) {
      if (session.signal.aborted) throw interrupted('apply')
      yield* applyStep(run, plan, change, acted)
    }
  } catch (error) {
    yield endRun(run, plan.setup, 'stopped')
    throw error
  }
  yield endRun(run, plan.setup, 'complete')
}

async function* applyStep(run: Run, plan: Plan, change: Change, acted: Set<string>): AsyncGenerator<SetupEvent> {
  const { step } = change
  const { host } = run.session
  const { use, params } = step
  const now = await use.read(host, params)
  // What its own earlier steps move may move.
  const free = dependents(acted, plan.steps).has(step.id)
  if (!free && !same(use, now, change.now)) throw stale(step.id)
  const to = free ? await use.want(params, now, host) : change.to
  if (!same(use, now, to)) {
    yield* changeStep(run, change, now, to)
    acted.add(step.id)
    // Started or stopped just now, it has read its configuration.
    if (use.reload && dueOf(run.journal).has(step.id)) run.note({ t: 'reloaded', id: step.id })
  }
  const target = dueOf(run.journal).get(step.id)
  if (target) yield* reload(run, use, target)
}

async function* changeStep(run: Run, { step }: Change, now: Json, to: Json): AsyncGenerator<SetupEvent> {
  const { host } = run.session
  const { id, use, params, why } = step
  const secret = step.secret === true
  const refused = (await step.guard?.(host)) ?? null
  if (refused !== null) throw refusal(id, refused)
  yield { event: 'act', id, why, diff: diffOf({ use, params, secret }, now, to) }
  await use.check?.(host, params, to)
  const notify = (step.notify ?? []).map((other): Target => ({
    id: other.id,
    kind: other.use.name,
    params: other.params,
  }))
  const needs = (step.needs ?? []).map((need) => need.id)
  await carryOut(run, { use, params, from: now, to, intent: { id, why, secret, needs, notify, undoes: null } })
  yield { event: 'done', id }
}

function stale(what: string): NocError {
  return new NocError('NOC_SETUP_STALE', `${what} has changed since the plan was made.`, {
    hint: 'Look at the plan again.',
    exit: exitCode.found,
  })
}

function refusal(id: string, why: string): NocError {
  return new NocError('NOC_SETUP_REFUSED', `${id} is refused: ${why}`, {
    hint: 'Nothing was changed by this step.',
    exit: exitCode.found,
  })
}
