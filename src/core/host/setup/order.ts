/** Which step comes when. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { Step } from './types.ts'

/** All steps, those that others only name too; each after what it needs and after what notifies it, else as listed. */
export function ordered(list: readonly Step[]): readonly Step[] {
  const all = collect(list)
  const before = new Map([...all.values()].map((step) => [step.id, (step.needs ?? []).map((need) => need.id)]))
  for (const step of all.values()) for (const target of step.notify ?? []) before.get(target.id)?.push(step.id)
  const result: Step[] = []
  const done = new Set<string>()
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) throw new Error(`steps wait for each other: ${[...path, id].join(' -> ')}`)
    if (done.has(id)) return
    for (const earlier of before.get(id) ?? []) visit(earlier, [...path, id])
    done.add(id)
    const step = all.get(id)
    if (step) result.push(step)
  }
  for (const id of all.keys()) visit(id, [])
  return result
}

function collect(list: readonly Step[]): ReadonlyMap<string, Step> {
  const all = new Map<string, Step>()
  const add = (step: Step): void => {
    const known = all.get(step.id)
    if (known === step) return
    if (known !== undefined) {
      // Made twice is fine; two wishes for one thing are a mistake in the set-up.
      if (isDeepStrictEqual(known.params, step.params)) return
      throw new Error(`two steps want different things of ${step.id}`)
    }
    for (const need of step.needs ?? []) add(need)
    all.set(step.id, step)
    for (const target of step.notify ?? []) {
      if (target.use.reload === undefined) throw new Error(`${step.id} notifies ${target.id}, which can't be reloaded`)
      add(target)
    }
  }
  for (const step of list) add(step)
  return all
}

/** The steps that depend on one of `ids`, directly or not; `steps` in their order. */
export function dependents(ids: ReadonlySet<string>, steps: readonly Step[]): ReadonlySet<string> {
  const result = new Set<string>()
  const notified = new Set<string>()
  for (const step of steps) {
    const leans = notified.has(step.id) || (step.needs ?? []).some(({ id }) => ids.has(id) || result.has(id))
    if (leans) result.add(step.id)
    if (leans || ids.has(step.id)) for (const target of step.notify ?? []) notified.add(target.id)
  }
  return result
}
