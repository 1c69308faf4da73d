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

/** Interrupts of all devices, per second by column. */
export function deviceLoad({ interrupts }: Sample): Float64Array {
  const { counts, lineRates, rates } = interrupts
  const width = counts.cpus.length
  const load = new Float64Array(width)
  for (let row = 0; row < counts.lines.length; row += 1) {
    if (!((lineRates[row] as number) > 0) || !isDevice(counts.lines[row] as Line)) continue
    addRow(load, rates, row * width)
  }
  return load
}

function addRow(sums: Float64Array, rates: Float32Array, from: number): void {
  for (let c = 0; c < sums.length; c += 1) sums[c] = (sums[c] as number) + ((rates[from + c] as number) || 0)
}

/** The devices whose queues together interrupt `atLeast` times a second, the busiest first. */
export function deviceGroups({ interrupts }: Sample, atLeast: number): QueueGroup[] {
  const { lineRates, counts, rates } = interrupts
  const width = counts.cpus.length
  const rowsOf = new Map<string, number[]>()
  counts.lines.forEach((line, row) => {
    const label = labelOf(line)
    if (label === null) return
    const rows = rowsOf.get(label)
    if (rows) rows.push(row)
    else rowsOf.set(label, [row])
  })
  const groups: QueueGroup[] = []
  for (const [label, rows] of rowsOf) {
    const rate = rows.reduce((sum, row) => sum + (lineRates[row] || 0), 0)
    if (rate < atLeast) continue
    const cpuRates = new Float64Array(width)
    for (const row of rows) addRow(cpuRates, rates, row * width)
    const queues = rows.map((row) => ({ line: counts.lines[row] as Line, row, rate: lineRates[row] || 0 }))
    groups.push({ label, device: deviceOf(label), queues, rate, cpuRates, top: topOf(cpuRates, rate) })
  }
  return groups.toSorted((a, b) => b.rate - a.rate)
}

/** The largest of `cpuRates` and its share of `rate`. */
export function topOf(cpuRates: Float64Array, rate: number): { readonly column: number; readonly share: number } {
  let column = 0
  for (let c = 1; c < cpuRates.length; c += 1) if ((cpuRates[c] as number) > (cpuRates[column] as number)) column = c
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
