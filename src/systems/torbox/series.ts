import type { SeriesStore } from '#core/series/types.ts'
import type { CircuitsReport } from './wire.ts'

/** Seconds between two points. */
export const STEP_S = 10

/** Names, for page and glance. */
export const SERIES = {
  boxes: 'torbox.boxes',
  connections: 'torbox.connections',
  dropped: 'torbox.dropped',
  received: 'torbox.received',
  sent: 'torbox.sent',
} as const

/** Writes reports into the history; rates come from counters of two looks. */
export interface TorboxSeries {
  record(report: CircuitsReport): void
}

/** Announces the series. */
export function torboxSeries(store: SeriesStore): TorboxSeries {
  const units: Readonly<Record<keyof typeof SERIES, string>> = {
    boxes: '',
    connections: '',
    dropped: '/s',
    received: 'B/s',
    sent: 'B/s',
  }
  for (const [key, name] of Object.entries(SERIES)) {
    store.define({ name, unit: units[key as keyof typeof SERIES], step: STEP_S })
  }
  let before: { readonly at: number; readonly sums: Sums } | null = null
  return {
    record(report) {
      const { at, boxes } = report
      store.record(SERIES.boxes, at, boxes.length)
      store.record(
        SERIES.connections,
        at,
        boxes.reduce((sum, box) => sum + box.streams.length, 0),
      )
      const sums = sumsOf(report)
      for (const key of ['dropped', 'received', 'sent'] as const) {
        if (before === null || at <= before.at) continue
        store.record(SERIES[key], at, (growth(before.sums, sums, key) * 1000) / (at - before.at))
      }
      before = { at, sums }
    },
  }
}

/** Every counter by its own name, so that a box that ended is no fall of the sum. */
function sumsOf({ boxes, reasons, dropped }: CircuitsReport): Sums {
  const own = dropped.filter((one) => one.source === null)
  return Object.fromEntries([
    ...boxes.map((box) => [`received ${box.name} ${box.since}`, box.bytesReceived ?? 0]),
    ...boxes.map((box) => [`sent ${box.name} ${box.since}`, box.bytesSent ?? 0]),
    ...reasons.map(({ reason, packets }) => [`dropped ${reason}`, packets]),
    ...own.map((one) => [`dropped ${one.box} ${one.protocol} ${one.port} ${one.target}`, one.packets]),
  ])
}

type Sums = Readonly<Record<string, number>>

/** What came since; a counter that is smaller than before began anew. */
function growth(before: Sums, now: Sums, key: string): number {
  return Object.entries(now)
    .filter(([name]) => name.startsWith(`${key} `))
    .reduce((sum, [name, value]) => {
      const was = before[name] ?? 0
      return sum + (value >= was ? value - was : value)
    }, 0)
}
