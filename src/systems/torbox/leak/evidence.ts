/** What was seen, in words. Pure. */
import type { Arrival, TaskResult } from './tasks.ts'
import type { Left } from './watch.ts'

export function seenLeaving(left: readonly Left[]): string {
  const texts = left.map(
    ({ interface: name, source, target, protocol, packets }) =>
      `${plural(packets, 'packet')} (${protocol}) to ${target} left by ${name} from ${source}`,
  )
  return list(texts)
}

export function arrivals(came: readonly Arrival[]): string {
  return list([...new Set(came.map((one) => `${one.protocol} from ${one.from}`))])
}

/** `no answer (3), ECONNREFUSED`: how the tries ended, each way once. */
export function outcomes(own: readonly TaskResult[]): string {
  const counts = new Map<string, number>()
  for (const { detail, outcome } of own) if (outcome !== 'unknown') counts.set(detail, (counts.get(detail) ?? 0) + 1)
  return (
    list([...counts].map(([detail, count]) => (count > 1 ? `${detail} (${count} times)` : detail))) ||
    'nothing happened'
  )
}

/** Parts that are named; the rest is counted. */
const NAMED = 4

export function list(parts: readonly string[]): string {
  const rest = parts.length - NAMED
  return [...parts.slice(0, NAMED), ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
