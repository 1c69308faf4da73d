/** The page's document: the answer, then the evidence, bounded in size whatever the machine. Pure. */
import type { Answer } from '#core/http/documents.ts'
import { percent, rate, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import type { Measured } from './delta.ts'
import { topOf } from './devices.ts'
import { foldCpus, foldRates, type FoldedColumn } from './fold.ts'
import { isDevice } from './label.ts'
import type { Line } from './parse.ts'
import type { Sample, Topology } from './sample.ts'
import { fallingRows } from './select.ts'
import type { HeatRow, InterruptsView } from './wire.ts'

/** Bounds of the page (wire.ts). */
const MAX_ROWS = 48
const MAX_COLUMNS = 64
const MAX_HISTORY = 60
/** Interrupts a second and CPU below which a machine simply has little to do: a tick and some disk. */
const FEW_PER_CPU = 1000

/** One CPU with more of all interrupts than this isn't called balanced, even when nothing can or need be done. */
const UNEVEN_SHARE = 0.6

/** The CPU that is interrupted most; null while unknown or when nothing happens. */
export function busiestCpu(sample: Sample): InterruptsView['busiestCpu'] {
  const { rate: total, cpuRates } = sample.interrupts
  if (!(total > 0)) return null
  const { column, share } = topOf(cpuRates, total)
  return { cpu: sample.interrupts.counts.cpus[column] ?? 0, rate: cpuRates[column] ?? 0, share }
}

/** The line that interrupts most, devices before what the CPUs do among themselves. */
export function busiestLine({ interrupts }: Sample): InterruptsView['busiestLine'] {
  const { counts, lineRates } = interrupts
  let best: Line | null = null
  let most = 0
  for (let row = 0; row < counts.lines.length; row += 1) {
    const line = counts.lines[row] as Line
    const rate = lineRates[row] as number
    const better = best !== null && isDevice(line) !== isDevice(best) ? isDevice(line) : rate > most
    if (rate > 0 && better) [best, most] = [line, rate]
  }
  return best && { id: best.id, name: best.name, rate: most }
}

/** Softirq NET_RX beside what softnet_stat says; null where neither is known. */
export function networkOf(sample: Sample): InterruptsView['network'] {
  const row = sample.softirqs?.counts.lines.findIndex((line) => line.id === 'NET_RX') ?? -1
  const receive = sample.softirqs?.lineRates[row] ?? NaN
  if (Number.isNaN(receive) && sample.softnet === null) return null
  return {
    receive: receive || 0,
    dropped: sample.softnet?.dropped ?? 0,
    squeezed: sample.softnet?.squeezed ?? 0,
  }
}

/** Rows that interrupt, the busiest first, devices before what the CPUs do among themselves. */
function busyRows({ lineRates, counts }: Measured): number[] {
  const rows = fallingRows(
    counts.lines.flatMap((_, row) => ((lineRates[row] ?? NaN) > 0 ? [row] : [])),
    lineRates,
  )
  const isDevices = (row: number): boolean => isDevice(counts.lines[row] as Line)
  return [...rows.filter(isDevices), ...rows.filter((row) => !isDevices(row))]
}

/** The answer in words: the worst verdict, else how things are. */
export function answerOf(sample: Sample, verdicts: readonly Verdict[]): Answer {
  const [worst] = verdicts
  const { cpus, lines } = sample.interrupts.counts
  const total = sample.interrupts.rate
  const over = cpus.length === 1 ? 'one CPU' : `${cpus.length} CPUs`
  if (worst) {
    const more = verdicts.length > 1 ? ` ${verdicts.length - 1} more below.` : ''
    return {
      severity: worst.severity,
      sentence: `${worst.summary}.`,
      paragraph: `${worst.evidence}. ${worst.fix}.${more}`,
    }
  }
  if (Number.isNaN(total)) {
    return {
      severity: 'ok',
      sentence: `Counting ${lines.length} interrupt lines on ${over}.`,
      paragraph: 'Rates and verdicts come with the second sample.',
    }
  }
  const busiest = busiestCpu(sample)
  const line = busiestLine(sample)
  const speed = `${text(rate(total))} over ${over}`
  const uneven = cpus.length === 1 || (busiest?.share ?? 0) > UNEVEN_SHARE
  const how = total < FEW_PER_CPU * cpus.length ? 'few' : uneven ? 'in order' : 'balanced'
  return {
    severity: 'ok',
    sentence: `Interrupts are ${how}: ${speed}.`,
    paragraph: [
      busiest && cpus.length > 1 ? `CPU ${busiest.cpu} takes most, ${percent(busiest.share)} of all.` : '',
      line ? `${line.name || line.id} is the busiest line with ${text(rate(line.rate))}.` : 'No line interrupts.',
    ]
      .filter((part) => part !== '')
      .join(' '),
  }
}

function heatRows(
  measured: Measured,
  columns: readonly FoldedColumn[],
  total: number,
  rows: readonly number[],
  topology: Topology | null,
  recent: (line: Line) => readonly number[],
): HeatRow[] {
  const { counts, lineRates, rates } = measured
  return rows.map((row) => {
    const line = counts.lines[row] as Line
    const placement = topology?.placement(line.id) ?? null
    const speed = lineRates[row] ?? 0
    return {
      id: line.id,
      name: line.name,
      chip: line.chip,
      rate: speed,
      share: total > 0 && line.kind === 'cpus' ? speed / total : 0,
      cells: line.kind === 'cpus' ? foldRates(rates, row * counts.cpus.length, columns) : columns.map(() => 0),
      affinity: placement?.allowed ?? null,
      node: placement?.node ?? null,
      history: recent(line).slice(-MAX_HISTORY),
    }
  })
}

/** The page over one sample; `recent` gives a line's newest rates, oldest first. */
export function toView(
  sample: Sample,
  topology: Topology,
  verdicts: readonly Verdict[],
  recent: (line: Line) => readonly number[],
): InterruptsView {
  const { counts } = sample.interrupts
  const columns = foldCpus(counts.cpus, topology.nodes, MAX_COLUMNS)
  const total = sample.interrupts.rate
  const busy = busyRows(sample.interrupts)
  const soft = sample.softirqs
  return {
    at: sample.at,
    interval: sample.seconds,
    answer: answerOf(sample, verdicts),
    cpus: counts.cpus.length,
    lines: counts.lines.length,
    rate: total || 0,
    busiestCpu: busiestCpu(sample),
    busiestLine: busiestLine(sample),
    network: networkOf(sample),
    columns: columns.map(({ label, node, cpus }) => ({ label, node, cpus })),
    rows: heatRows(sample.interrupts, columns, total, busy.slice(0, MAX_ROWS), topology, recent),
    hidden: Math.max(0, busy.length - MAX_ROWS),
    softirqs: soft ? heatRows(soft, columns, soft.rate, busyRows(soft), null, () => []) : [],
    verdicts,
  }
}
