/** The JSON documents of `noc interrupts --json`, /api/interrupts and the live page. */
import type { Answer } from '#core/http/documents.ts'
import type { Verdict } from '#core/verdict.ts'

/** One line of /proc/interrupts or /proc/softirqs. */
export interface InterruptLine {
  /** `24`, `LOC`, `IPI0`, `NET_RX`. */
  readonly id: string
  /** What the kernel calls the device or the reason; '' when it gives no name. */
  readonly name: string
  /** Controller and trigger, as the kernel writes them; '' for architecture lines. */
  readonly chip: string
  /** Counts since boot, in the order of `cpus`; one figure for ERR and MIS, none for lines like FIQ. */
  readonly counts: readonly number[]
  /** Per second over `interval`; null where there is no earlier count to compare with. */
  readonly rates: readonly (number | null)[]
  readonly total: number
  /** Sum of the rates; null when none is known. */
  readonly rate: number | null
  /** CPUs the kernel may use for it, as a list (`0-3,8`); absent when the file can't be read. */
  readonly affinity?: string
  /** NUMA node of the device; absent when unknown. */
  readonly node?: number
}

export interface NumaNode {
  readonly id: number
  readonly cpus: readonly number[]
}

/** One sample; `noc interrupts --json` prints one a line, and `--replay` reads them back. */
export interface InterruptsSample {
  readonly at: number
  /** Seconds since the sample before; 0 for the first. */
  readonly interval: number
  /** Ids of the online CPUs: the columns of every `counts` and `rates`. */
  readonly cpus: readonly number[]
  readonly nodes: readonly NumaNode[]
  readonly interrupts: readonly InterruptLine[]
  readonly softirqs: readonly InterruptLine[]
  readonly verdicts: readonly Verdict[]
}

/** One row of the heat map. */
export interface HeatRow {
  readonly id: string
  readonly name: string
  readonly chip: string
  /** Interrupts per second. */
  readonly rate: number
  /** 0..1 of all. */
  readonly share: number
  /** Per second, in the order of `columns`. */
  readonly cells: readonly number[]
  readonly affinity: string | null
  readonly node: number | null
  /** Rates of the last samples, oldest first, at most 60. */
  readonly history: readonly number[]
}

/** Live topic `interrupts`: bounded in size whatever the machine (at most 48 rows x 64 columns). */
export interface InterruptsView {
  readonly at: number
  readonly interval: number
  readonly answer: Answer
  readonly cpus: number
  readonly lines: number
  /** All interrupts per second. */
  readonly rate: number
  readonly busiestCpu: { readonly cpu: number; readonly rate: number; readonly share: number } | null
  readonly busiestLine: { readonly id: string; readonly name: string; readonly rate: number } | null
  /** Softirq NET_RX per second, and packets dropped and squeezes per second in softnet_stat. */
  readonly network: { readonly receive: number; readonly dropped: number; readonly squeezed: number } | null
  /** A column is one CPU, or several of one node folded together. */
  readonly columns: readonly { readonly label: string; readonly node: number; readonly cpus: readonly number[] }[]
  readonly rows: readonly HeatRow[]
  /** How many lines with a rate were left out of `rows`. */
  readonly hidden: number
  readonly softirqs: readonly HeatRow[]
  readonly verdicts: readonly Verdict[]
}
