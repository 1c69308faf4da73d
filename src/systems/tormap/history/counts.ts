/** Relays and bandwidth of each class over time. Pure. */
import { ORIGINAL_CLASSES, type OriginalClass, type RelayMap } from '../types.ts'
import type { CountsWire } from '../wire.ts'

/** Consensuses come once an hour, ms. */
const HOUR_MS = 3_600_000
/** Longest list of missing hours between two, so that one old hour doesn't make a list of years. */
const MOST_MISSING = 24 * 366

/** What is counted of an hour. Bandwidth is what relays have seen themselves do, bytes a second; null: not known. */
export interface ClassCount {
  readonly relays: Readonly<Record<OriginalClass, number>>
  readonly bandwidth: Readonly<Record<OriginalClass, number | null>>
}

function byClass<T>(value: (name: OriginalClass) => T): Record<OriginalClass, T> {
  return Object.fromEntries(ORIGINAL_CLASSES.map((name) => [name, value(name)])) as Record<OriginalClass, T>
}

/** Counts an hour. */
export function countClasses({ relays }: Pick<RelayMap, 'relays'>): ClassCount {
  const known = relays.some(({ observed }) => observed !== null)
  const numbers = byClass(() => 0)
  const bandwidth = byClass(() => 0)
  for (const { original, observed } of relays) {
    numbers[original] += 1
    bandwidth[original] += observed ?? 0
  }
  return { relays: numbers, bandwidth: byClass((name) => (known ? bandwidth[name] : null)) }
}

/** The document of the graphs: an hour that is missing between two is null. `hours` come oldest first. */
export function countsWire(hours: readonly (readonly [number, ClassCount])[]): CountsWire {
  const points: (readonly [number, ClassCount | null])[] = []
  for (const [at, count] of hours) {
    const last = points.at(-1)?.[0] ?? at
    const missing = Math.min(Math.ceil((at - last) / HOUR_MS) - 1, MOST_MISSING)
    for (let index = 1; index <= missing; index += 1) points.push([last + index * HOUR_MS, null])
    points.push([at, count])
  }
  return {
    at: points.map(([at]) => at),
    relays: byClass((name) => points.map(([, count]) => count?.relays[name] ?? null)),
    bandwidth: byClass((name) => points.map(([, count]) => count?.bandwidth[name] ?? null)),
  }
}
