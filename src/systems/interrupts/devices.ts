/** Lines as devices and their queues: what imbalance is judged over. Pure. */
import { deviceOf, isDevice, isManaged, queueLabel } from './label.ts'
import type { Line } from './parse.ts'
import type { Machine, Placement, Sample } from './sample.ts'

/** One line of a device. */
export interface Queue {
  readonly line: Line
  readonly row: number
  /** Per second. */
  readonly rate: number
}

/** The queues of one device: lines whose names differ only in their number. */
export interface QueueGroup {
  /** `eth0-TxRx-*` */
  readonly label: string
  /** `eth0` */
  readonly device: string
  readonly queues: readonly Queue[]
  /** Per second. */
  readonly rate: number
  /** Per second, by column. */
  readonly cpuRates: Float64Array
  /** Column that takes most, and its share 0..1. */
  readonly top: { readonly column: number; readonly share: number }
}

const labels = new WeakMap<Line, string | null>()

/** The queue label of a device's line; null for lines that are no device's. Remembered: names don't change. */
function labelOf(line: Line): string | null {
  let label = labels.get(line)
  if (label === undefined) {
    label = isDevice(line) ? queueLabel(line.name === '' ? line.id : line.name) : null
    labels.set(line, label)
  }
  return label
}

/** All interrupts of devices, per second. */
export function deviceRate({ interrupts }: Sample): number {
  return interrupts.counts.lines.reduce(
    (sum, line, row) => (isDevice(line) ? sum + (interrupts.lineRates[row] || 0) : sum),
    0,
  )
}

/** All devices that interrupt, the busiest first. */
export function deviceGroups(sample: Sample): QueueGroup[] {
  const { lineRates, counts, rates } = sample.interrupts
  const width = counts.cpus.length
  const queues = new Map<string, Queue[]>()
  counts.lines.forEach((line, row) => {
    const label = labelOf(line)
    const rate = lineRates[row] ?? NaN
    if (label === null || Number.isNaN(rate)) return
    const known = queues.get(label)
    if (known) known.push({ line, row, rate })
    else queues.set(label, [{ line, row, rate }])
  })
  return [...queues]
    .map(([label, list]) => ({ label, list, rate: list.reduce((sum, queue) => sum + queue.rate, 0) }))
    .filter(({ rate }) => rate > 0)
    .map(({ label, list, rate }) => {
      const cpuRates = new Float64Array(width)
      for (const { row } of list.filter((queue) => queue.rate > 0)) {
        for (let c = 0; c < width; c += 1) cpuRates[c] = (cpuRates[c] ?? 0) + (rates[row * width + c] || 0)
      }
      return { label, device: deviceOf(label), queues: list, rate, cpuRates, top: topOf(cpuRates, rate) }
    })
    .toSorted((a, b) => b.rate - a.rate)
}

/** The largest of `cpuRates` and its share of `rate`. */
export function topOf(cpuRates: Float64Array, rate: number): { readonly column: number; readonly share: number } {
  const column = cpuRates.reduce((best, value, i) => (value > (cpuRates[best] ?? 0) ? i : best), 0)
  return { column, share: rate > 0 ? (cpuRates[column] ?? 0) / rate : 0 }
}

/** Whether the operator can move this line; where nothing is known of its placement, the driver's name decides. */
export function isMovable(line: Line, placement: Placement | null): boolean {
  return !isManaged(line.name) && (placement === null || placement.changeable)
}

/**
 * CPUs that may serve a device: those of its own NUMA node, where its memory is near; else all. CPUs that were
 * isolated on purpose stay out.
 */
export function candidates(
  node: number | null,
  online: readonly number[],
  machine: Pick<Machine, 'nodes' | 'isolated'>,
): { readonly cpus: readonly number[]; readonly node: number | null } {
  const free = online.filter((cpu) => !machine.isolated.includes(cpu))
  const own = machine.nodes.find(({ id }) => id === node)?.cpus ?? []
  const near = free.filter((cpu) => own.includes(cpu))
  return near.length > 1 ? { cpus: near, node } : { cpus: free, node: null }
}
