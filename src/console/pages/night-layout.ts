/** Where the events of a night lie on its line, and which labels have room. Pure; pixels. */
import type { NightEvent } from '#core/alerts/types.ts'
import { visible } from '../format.ts'

/** One mark on the line: an event, or several so close that they share it. */
export interface NightMark {
  /** Centre, px from the left. */
  readonly x: number
  /** The weightiest first. */
  readonly events: readonly NightEvent[]
  readonly label: NightLabel | null
}

/** Text at a mark: lanes -1 and -2 above the line, 1 and 2 below. */
export interface NightLabel {
  readonly text: string
  readonly lane: number
  /** Left edge and width, px. */
  readonly left: number
  readonly width: number
}

/** Marks nearer than this share one, px. */
const MERGE = 12
/** Between two labels, px. */
const GAP = 14
const WIDEST = 230
const LANES: readonly (readonly number[])[] = [
  [-1, 1, -2, 2],
  [1, -1, 2, -2],
]
const WEIGHT: Readonly<Record<NightEvent['severity'], number>> = { critical: 3, warning: 2, ok: 1, info: 0 }

/** Heavier events come first; of the same weight, the later one. */
export function byWeight(a: NightEvent, b: NightEvent): number {
  return WEIGHT[b.severity] - WEIGHT[a.severity] || b.at - a.at
}

interface Cluster {
  readonly x: number
  /** The weightiest of its events, then the rest. */
  first: NightEvent
  events: NightEvent[]
}

function clusters(events: readonly NightEvent[], from: number, to: number, width: number): Cluster[] {
  const found: Cluster[] = []
  for (const event of events.toSorted((a, b) => a.at - b.at)) {
    if (event.at < from || event.at > to) continue
    const x = ((event.at - from) / (to - from)) * width
    const last = found.at(-1)
    if (last && x - last.x < MERGE) {
      last.events = [...last.events, event].toSorted(byWeight)
      last.first = last.events[0] ?? event
    } else found.push({ x, first: event, events: [event] })
  }
  return found
}

function labelText({ first, events }: Cluster): string {
  const head = visible(`${first.system}: ${first.text}`)
  return events.length > 1 ? `${head}, ${events.length - 1} more` : head
}

type Taken = Map<number, { left: number; right: number }[]>

function place(
  x: number,
  text: string,
  size: number,
  lanes: readonly number[],
  width: number,
  taken: Taken,
): NightLabel | null {
  const wide = Math.min(size, WIDEST)
  const left = Math.max(0, Math.min(width - wide, x - wide / 2))
  for (const lane of lanes) {
    const row = taken.get(lane) ?? []
    if (row.some((one) => left < one.right + GAP && left + wide + GAP > one.left)) continue
    taken.set(lane, [...row, { left, right: left + wide }])
    return { text, lane, left, width: wide }
  }
  return null
}

/** Lays events of `from` to `to` on a line of `width` px. `measure` gives the width of a text. Labels never overlap. */
export function layoutNight(
  events: readonly NightEvent[],
  from: number,
  to: number,
  width: number,
  measure: (text: string) => number,
): NightMark[] {
  const found = clusters(events, from, to, width)
  const taken: Taken = new Map()
  const labels = new Map<Cluster, NightLabel>()
  const order = found
    .map((cluster, index) => ({ cluster, index }))
    .toSorted((a, b) => byWeight(a.cluster.first, b.cluster.first))
  for (const { cluster, index } of order) {
    const text = labelText(cluster)
    const label = place(cluster.x, text, measure(text) + 2, LANES[index % 2] ?? [], width, taken)
    if (label) labels.set(cluster, label)
  }
  // Those that found no room say at least how many they are, where that fits.
  for (const { cluster } of order) {
    if (labels.has(cluster)) continue
    const text = `${cluster.events.length} more`
    const label = place(cluster.x, text, measure(text) + 2, LANES[0] ?? [], width, taken)
    if (label) labels.set(cluster, label)
  }
  return found.map((cluster) => ({ x: cluster.x, events: cluster.events, label: labels.get(cluster) ?? null }))
}

/** Hours to write under the line: every hour, or every second, third ... when they would touch. */
export function nightHours(
  from: number,
  to: number,
  width: number,
): { readonly at: number; readonly x: number; readonly label: boolean }[] {
  const HOUR = 3_600_000
  const first = new Date(from)
  first.setMinutes(0, 0, 0)
  const count = (to - from) / HOUR
  const every = [1, 2, 3, 4, 6, 12].find((step) => (width / count) * step >= 40) ?? 12
  const hours = []
  for (let at = first.getTime(); at <= to; at += HOUR) {
    if (at < from) continue
    hours.push({ at, x: ((at - from) / (to - from)) * width, label: new Date(at).getHours() % every === 0 })
  }
  return hours
}
