/** Where the events of a night lie on its line, and which labels have room. Pure; pixels. */
import type { NightEvent } from '#core/alerts/types.ts'
import { prose } from '../format.ts'
import { fromHostDate, hostDate } from '../host-time.ts'

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
/** A label that doesn't stand centred over its mark begins or ends this far beside it, px. */
const INSET = 8
/** Widths that a label is tried at, px. */
const WIDTHS: readonly number[] = [280, 180, 110]
const LANES: readonly (readonly number[])[] = [
  [-1, 1, -2, 2],
  [1, -1, 2, -2],
]
const WEIGHT: Readonly<Record<NightEvent['severity'], number>> = { critical: 3, warning: 2, ok: 1, info: 0 }

/** Heavier events come first; of the same weight, the later one. */
export function byWeight(a: NightEvent, b: NightEvent): number {
  return WEIGHT[b.severity] - WEIGHT[a.severity] || b.at - a.at
}

/** Width of a text, px. */
type Measure = (text: string) => number

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
  const head = prose(`${first.system}: ${first.text}`)
  return events.length > 1 ? `${head}, ${events.length - 1} more` : head
}

type Taken = Map<number, { left: number; right: number }[]>

function free(taken: Taken, lane: number, left: number, right: number): boolean {
  return !(taken.get(lane) ?? []).some((one) => left < one.right + GAP && right + GAP > one.left)
}

function take(taken: Taken, lane: number, left: number, right: number): void {
  taken.set(lane, [...(taken.get(lane) ?? []), { left, right }])
}

/** Tries centred, then beginning, then ending at the mark, lane by lane. An outer lane's stem needs room in the inner. */
function place(
  x: number,
  text: string,
  wide: number,
  lanes: readonly number[],
  width: number,
  taken: Taken,
): NightLabel | null {
  for (const lane of lanes) {
    for (const start of [x - wide / 2, x - INSET, x - wide + INSET]) {
      const left = Math.max(0, Math.min(width - wide, start))
      const inner = Math.sign(lane)
      if (!free(taken, lane, left, left + wide) || (lane !== inner && !free(taken, inner, x, x))) continue
      take(taken, lane, left, left + wide)
      if (lane !== inner) take(taken, inner, x, x)
      return { text, lane, left, width: wide }
    }
  }
  return null
}

/** The label whole, else shortened by an ellipsis, else only how many events there are. */
function labelFor(
  cluster: Cluster,
  lanes: readonly number[],
  width: number,
  taken: Taken,
  measure: Measure,
): NightLabel | null {
  const text = labelText(cluster)
  const full = measure(text) + 2
  for (const most of WIDTHS) {
    const label = place(cluster.x, text, Math.min(full, most), lanes, width, taken)
    if (label) return label
  }
  const count = `${cluster.events.length} more`
  return place(cluster.x, count, measure(count) + 2, lanes, width, taken)
}

/** Lays events of `from` to `to` on a line of `width` px. `measure` gives the width of a text. Labels never overlap. */
export function layoutNight(
  events: readonly NightEvent[],
  from: number,
  to: number,
  width: number,
  measure: Measure,
): NightMark[] {
  const found = clusters(events, from, to, width)
  const taken: Taken = new Map()
  const labels = new Map<Cluster, NightLabel>()
  const order = found
    .map((cluster, index) => ({ cluster, index }))
    .toSorted((a, b) => byWeight(a.cluster.first, b.cluster.first))
  for (const { cluster, index } of order) {
    const label = labelFor(cluster, LANES[index % 2] ?? [], width, taken, measure)
    if (label) labels.set(cluster, label)
  }
  return found.map((cluster) => ({ x: cluster.x, events: cluster.events, label: labels.get(cluster) ?? null }))
}

const HOUR = 3_600_000
/** Hours at which the sky changes, and the names of its colours. */
const SKY: Readonly<Record<number, string>> = { 20: 'dusk', 1: 'depth', 6: 'dawn', 13: 'day' }

/** The host's full hour at or before `at`, ms. */
function fullHour(at: number): number {
  const hour = hostDate(at)
  hour.setMinutes(0, 0, 0)
  return fromHostDate(hour)
}

/** Colour stops of a gradient from `from` to `to`: dusk at 20:00, deep night, dawn at 06:00, day. */
export function skyStops(from: number, to: number): string {
  const stops: string[] = []
  // From a day before to a day after, so that both ends lie between two stops.
  for (let at = fullHour(from - 24 * HOUR); at <= to + 24 * HOUR; at += HOUR) {
    const colour = SKY[hostDate(at).getHours()]
    if (colour !== undefined) stops.push(`var(--${colour}) ${(((at - from) / (to - from)) * 100).toFixed(2)}%`)
  }
  return stops.join(', ')
}

/** Hours to write under the line: every hour, or every second, third ... when they would touch. */
export function nightHours(
  from: number,
  to: number,
  width: number,
): { readonly at: number; readonly x: number; readonly label: boolean }[] {
  const count = (to - from) / HOUR
  const every = [1, 2, 3, 4, 6, 12].find((step) => (width / count) * step >= 40) ?? 12
  const hours = []
  for (let at = fullHour(from); at <= to; at += HOUR) {
    if (at < from) continue
    hours.push({ at, x: ((at - from) / (to - from)) * width, label: hostDate(at).getHours() % every === 0 })
  }
  return hours
}
