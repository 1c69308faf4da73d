import { isDeepStrictEqual } from 'node:util'
import { due } from './history.ts'
import { hashOf } from './journal.ts'
import { ordered } from './order.ts'
import type { Change, Entry, Host, Json, Kind, Plan, Step } from './types.ts'

/** Whether two states of a kind are the same to it. */
export function same(use: Kind, a: Json, b: Json): boolean {
  return use.same?.(a, b) ?? isDeepStrictEqual(a, b)
}

/** Looks at the host and says what would be done, in order; changes nothing. `entries`: its journal, for reloads that are due. */
export async function makePlan(
  host: Host,
  setup: string,
  list: readonly Step[],
  entries: readonly Entry[],
): Promise<Plan> {
  const steps = ordered(list)
  const changes: Change[] = []
  const notified = new Set(due(entries).map(({ id }) => id))
  for (const step of steps) {
    const now = await step.use.read(host, step.params)
    const to = await step.use.want(step.params, now, host)
    const changed = !same(step.use, now, to)
    const reload = notified.has(step.id)
    if (!changed && !reload) continue
    if (changed) for (const target of step.notify ?? []) notified.add(target.id)
    changes.push({ step, now, to, changed, reload, refused: (await step.guard?.(host)) ?? null })
  }
  const named = changes.map(({ step, now, to, reload }) => [step.id, step.params, now, to, reload])
  return { setup, steps, changes, hash: hashOf(JSON.stringify([setup, named])) }
}

/** What is shown of a secret. */
export const SECRET: readonly string[] = ['  (secret: not shown)']

/** The difference for people; of a secret only that there is one. */
export function diffOf(
  { use, params, secret }: { readonly use: Kind; readonly params: Json; readonly secret: boolean },
  from: Json,
  to: Json,
): readonly string[] {
  if (same(use, from, to)) return []
  return secret ? SECRET : use.show(params, from, to)
}
