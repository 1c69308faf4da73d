import { reasonOf } from '../../errors.ts'
import { diffOf } from './plan.ts'
import type { Host, Plan, SetupEvent } from './types.ts'

/** Says whether all is as planned, and runs the probes: does it work? */
export async function* verify(host: Host, plan: Plan, signal: AbortSignal): AsyncGenerator<SetupEvent> {
  for (const { step, now, to, changed } of plan.changes) {
    const saw = changed
      ? (diffOf({ ...step, secret: step.secret === true }, now, to)[0] ?? 'it differs')
      : 'its reload is due'
    yield { event: 'probe', id: step.id, says: `${step.id} is as the set-up wants it.`, ok: false, saw: saw.trim() }
  }
  for (const { id, probe } of plan.steps) {
    if (probe === undefined) continue
    signal.throwIfAborted()
    const { ok, saw } = await probe.run(host, signal).catch((error: unknown) => ({ ok: false, saw: reasonOf(error) }))
    yield { event: 'probe', id, says: probe.says, ok, saw }
  }
}
