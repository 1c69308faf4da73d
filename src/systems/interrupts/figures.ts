/** What the daemon keeps over time: a bounded number of series, and metrics. */
import type { Metrics } from '#core/metrics/types.ts'
import type { SeriesStore } from '#core/series/types.ts'
import { foldCpus, type FoldedColumn } from './fold.ts'
import type { Moment } from './sample.ts'
import { busiestCpu, networkOf } from './view.ts'

/** Seconds a point stands for; it is the average over them. */
export const SERIES_STEP_SECONDS = 10
/** Series for CPUs; more CPUs than this share one by neighbourhood. */
const MAX_CPU_SERIES = 16
/** Lines that get a series: the busiest of a step, and never more than this many different ones. */
const BUSIEST_LINES = 8
const MAX_LINE_SERIES = 24

/** Takes moments one after the other. */
export interface Figures {
  take(moment: Moment): void
}

/** Averages of each step: the store keeps the last value given for a step. */
function stepAverages(series: SeriesStore): {
  start(at: number): void
  add(name: string, at: number, value: number, seconds: number): void
} {
  let step = 0
  const sums = new Map<string, { weight: number; sum: number }>()
  return {
    start(at) {
      const now = Math.floor(at / 1000 / SERIES_STEP_SECONDS)
      if (now !== step) sums.clear()
      step = now
    },
    add(name, at, value, seconds) {
      const before = sums.get(name)
      const entry = before ?? { weight: 0, sum: 0 }
      if (!before) {
        sums.set(name, entry)
        series.define({ name, unit: '/s', step: SERIES_STEP_SECONDS })
      }
      entry.weight += seconds
      entry.sum += value * seconds
      series.record(name, at, entry.sum / entry.weight)
    },
  }
}

/** Series and metrics over a store and a registry. */
export function createFigures(series: SeriesStore, metrics: Metrics): Figures {
  const averages = stepAverages(series)
  const lineSeries = new Set<string>()
  const gauges = {
    rate: metrics.gauge('per_second', 'Interrupts per second over all CPUs'),
    cpus: metrics.gauge('cpus', 'Online CPUs'),
    busiest: metrics.gauge('busiest_cpu_share', 'Share of all interrupts on the busiest CPU, 0 to 1'),
    receive: metrics.gauge('net_rx_per_second', 'NET_RX softirqs per second'),
    dropped: metrics.gauge('softnet_dropped_per_second', 'Packets per second dropped before any program saw them'),
    verdicts: metrics.gauge('verdicts', 'Findings that stand'),
  }
  let folded: { readonly key: string; readonly columns: readonly FoldedColumn[] } = { key: '', columns: [] }

  const addCpus = ({ sample, topology }: Moment): void => {
    const { cpus } = sample.interrupts.counts
    const key = cpus.join()
    if (folded.key !== key) folded = { key, columns: foldCpus(cpus, topology.nodes, MAX_CPU_SERIES) }
    for (const { label, places } of folded.columns) {
      const sum = places.reduce((total, place) => total + (sample.interrupts.cpuRates[place] ?? 0), 0)
      averages.add(`interrupts.cpu.${label.replaceAll(',', '_')}`, sample.at, sum, sample.seconds)
    }
  }
  const addLines = ({ sample }: Moment): void => {
    const { counts, lineRates } = sample.interrupts
    const rows = counts.lines.flatMap((line, row) =>
      /^[\w.-]{1,32}$/.test(line.id) && (lineRates[row] ?? NaN) > 0 ? [row] : [],
    )
    const busiest = rows.toSorted((a, b) => (lineRates[b] ?? 0) - (lineRates[a] ?? 0)).slice(0, BUSIEST_LINES)
    for (const row of busiest) if (lineSeries.size < MAX_LINE_SERIES) lineSeries.add(counts.lines[row]?.id ?? '')
    counts.lines.forEach(({ id }, row) => {
      const rate = lineRates[row] ?? NaN
      if (lineSeries.has(id) && !Number.isNaN(rate))
        averages.add(`interrupts.line.${id}`, sample.at, rate, sample.seconds)
    })
  }
  return {
    take(moment) {
      const { sample, verdicts } = moment
      const total = sample.interrupts.rate
      const network = networkOf(sample)
      gauges.cpus.set(sample.interrupts.counts.cpus.length)
      gauges.verdicts.set(verdicts.length)
      if (Number.isNaN(total)) return
      averages.start(sample.at)
      averages.add('interrupts.total', sample.at, total, sample.seconds)
      if (network) averages.add('interrupts.net_rx', sample.at, network.receive, sample.seconds)
      addCpus(moment)
      addLines(moment)
      gauges.rate.set(total)
      gauges.busiest.set(busiestCpu(sample)?.share ?? 0)
      gauges.receive.set(network?.receive ?? 0)
      gauges.dropped.set(network?.dropped ?? 0)
    },
  }
}
