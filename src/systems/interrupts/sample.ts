/** One moment of the machine's interrupts, and the same as a JSON document. Pure. */
import type { Verdict } from '#core/verdict.ts'
import { sumOf, type Measured } from './delta.ts'
import type { Line } from './parse.ts'
import type { Softnet } from './softnet.ts'
import type { InterruptLine, InterruptsSample, NumaNode } from './wire.ts'

/** A moment: counts and rates of both files. Arrays belong to the sampler and live until its next reading. */
export interface Sample {
  /** ms since 1970. */
  readonly at: number
  /** Since the sample before; 0 for the first. */
  readonly seconds: number
  readonly interrupts: Measured
  /** Null where the kernel shows none. */
  readonly softirqs: Measured | null
  /** Per second; null where unknown. */
  readonly softnet: Softnet | null
}

/** Where the kernel may deliver an interrupt. */
export interface Placement {
  /** CPUs that are allowed, as a list. */
  readonly allowed: string
  /** NUMA node of the device; null when it has none. */
  readonly node: number | null
  /** False when the kernel keeps it to itself (managed by the driver, or fixed). */
  readonly changeable: boolean
}

/** What is known of the machine beside the counts. */
export interface Topology {
  /** Empty when unknown. */
  readonly nodes: readonly NumaNode[]
  /** Placement of one numbered interrupt, read when asked for; null when it can't be read. */
  placement(id: string): Placement | null
}

/** Topology of a running machine, and what verdicts need beside it. */
export interface Machine extends Topology {
  /** CPUs kept free of interrupts on purpose (isolcpus). */
  readonly isolated: readonly number[]
  /** Whether irqbalance runs; null when it can't be told. */
  irqbalance(): boolean | null
  /** net.core.netdev_max_backlog; null when unknown. */
  backlog(): number | null
}

/** A sample with what is known and thought of it: all that is shown at one moment. */
export interface Moment {
  readonly sample: Sample
  readonly topology: Topology
  readonly verdicts: readonly Verdict[]
  /** Newest rates of a line, oldest first. */
  recent(line: Line): readonly number[]
}

/** Rates in documents have two decimals: a device that interrupts once a minute still shows. */
function rounded(rate: number): number | null {
  return Number.isNaN(rate) ? null : Math.round(rate * 100) / 100
}

function toLine(measured: Measured, row: number, line: Line, topology: Topology | null): InterruptLine {
  const width = measured.counts.cpus.length
  const figures = line.kind === 'cpus' ? width : line.kind === 'one' ? 1 : 0
  const from = row * width
  const placement = topology?.placement(line.id)
  return {
    id: line.id,
    name: line.name,
    chip: line.chip,
    counts: Array.from(measured.counts.values.subarray(from, from + figures)),
    rates: Array.from(measured.rates.subarray(from, from + figures), rounded),
    total: measured.lineTotals[row] ?? 0,
    rate: rounded(measured.lineRates[row] ?? NaN),
    ...(placement ? { affinity: placement.allowed } : {}),
    ...(placement?.node == null ? {} : { node: placement.node }),
  }
}

function toLines(measured: Measured | null, topology: Topology | null): InterruptLine[] {
  return measured ? measured.counts.lines.map((line, row) => toLine(measured, row, line, topology)) : []
}

/** The document of a sample, as `--json`, `--record` and the API give it. */
export function toDocument(sample: Sample, topology: Topology, verdicts: readonly Verdict[]): InterruptsSample {
  return {
    at: sample.at,
    interval: Math.round(sample.seconds * 1000) / 1000,
    cpus: sample.interrupts.counts.cpus,
    nodes: topology.nodes,
    interrupts: toLines(sample.interrupts, topology),
    softirqs: toLines(sample.softirqs, null),
    verdicts,
  }
}

function fromLines(cpus: readonly number[], lines: readonly InterruptLine[], known: Map<string, Line>): Measured {
  const width = cpus.length
  const values = new Uint32Array(lines.length * width)
  const rates = new Float32Array(lines.length * width).fill(NaN)
  const cpuRates = new Float64Array(width)
  const own = lines.map((line, row) => {
    values.set(line.counts.slice(0, width), row * width)
    line.rates.slice(0, width).forEach((rate, cpu) => {
      rates[row * width + cpu] = rate ?? NaN
      if (line.rates.length === width) cpuRates[cpu] = (cpuRates[cpu] ?? 0) + (rate ?? 0)
    })
    const kind = line.counts.length === 0 ? 'none' : line.counts.length < width ? 'one' : 'cpus'
    const key = JSON.stringify([line.id, line.name, line.chip, kind])
    const before = known.get(key) ?? { id: line.id, name: line.name, chip: line.chip, kind }
    known.set(key, before)
    return before
  })
  return {
    counts: { cpus, lines: own, values },
    rates,
    lineRates: Float64Array.from(lines, (line) => line.rate ?? NaN),
    lineTotals: Float64Array.from(lines, (line) => line.total),
    cpuRates,
    rate: lines.some((line) => line.rate !== null) ? sumOf(cpuRates) : NaN,
  }
}

/** The way back, for `--replay`: sample and topology of a recorded document. `known` is kept between documents. */
export function fromDocument(
  document: InterruptsSample,
  known: Map<string, Line>,
): { readonly sample: Sample; readonly topology: Topology } {
  const placements = new Map(
    document.interrupts.flatMap(({ id, affinity, node }): [string, Placement][] =>
      affinity === undefined ? [] : [[id, { allowed: affinity, node: node ?? null, changeable: false }]],
    ),
  )
  const softirqs = document.softirqs.length > 0 ? fromLines(document.cpus, document.softirqs, known) : null
  const interrupts = fromLines(document.cpus, document.interrupts, known)
  return {
    sample: { at: document.at, seconds: document.interval, interrupts, softirqs, softnet: null },
    topology: { nodes: document.nodes, placement: (id) => placements.get(id) ?? null },
  }
}
