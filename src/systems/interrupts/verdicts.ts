/** What is wrong with the machine's interrupts. Pure: figures in, verdicts out. */
import { count, percent, rate, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { topOf } from './devices.ts'
import { median } from './history.ts'
import { judgeImbalance, type ImbalanceThresholds } from './imbalance.ts'
import { isDevice } from './label.ts'
import type { Line } from './parse.ts'
import type { Machine, Sample } from './sample.ts'
import type { Softnet } from './softnet.ts'

/** Limits of `[interrupts]`, in interrupts or packets a second. */
export interface Thresholds extends ImbalanceThresholds {
  readonly storm_rate: number
  readonly storm_factor: number
  readonly drop_rate: number
}

/** What verdicts rest on. */
export interface Evidence {
  readonly sample: Sample
  readonly machine: Machine
  /** Newest rates of a line, oldest first. */
  recent(line: Line): readonly number[]
  /** The line's own usual rate; null while it isn't known for long enough. */
  usual(line: Line): number | null
  /** Average over the last seconds; null when unknown. */
  readonly softnet: Softnet | null
  /** Keys of the verdicts found the last time. */
  readonly standing: ReadonlySet<string>
}

/** Samples a storm must have lasted, as their median. */
const STORM_SAMPLES = 5
/** Interrupts a second below which nothing is called a storm, however quiet the line used to be. */
const STORM_FLOOR = 20_000

/** Lines that count faults; what they mean (Documentation/arch/x86, irq stats of arch/x86/kernel/irq.c). */
const FAULTS: Readonly<Record<string, { readonly says: string; readonly fix: string; readonly critical?: true }>> = {
  ERR: {
    says: 'the interrupt controller reports errors',
    fix: 'Look for APIC errors in dmesg; a loose card, an overclocked bus or old firmware are the usual causes',
  },
  Err: {
    says: 'interrupts arrived that nobody had asked for',
    fix: 'Look for "unexpected IRQ" in dmesg; a driver that was unloaded too early is the usual cause',
  },
  MIS: {
    says: 'level-triggered interrupts got lost and were made up for',
    fix: 'The I/O APIC is at fault, the kernel works around it: update the firmware',
  },
  MCE: {
    says: 'the processor reports machine check exceptions',
    fix: 'Read them with `journalctl -k -g mce` or rasdaemon; memory or processor are failing',
    critical: true,
  },
}

/** All verdicts over one sample, the worst first. Without rates there are none. */
export function judge(evidence: Evidence, thresholds: Thresholds): Verdict[] {
  if (evidence.sample.seconds === 0) return []
  const verdicts = [
    ...judgeStorms(evidence, thresholds),
    ...judgeFaults(evidence),
    ...judgeImbalance(evidence.sample, evidence.machine, thresholds, evidence.standing),
    ...judgeDrops(evidence, thresholds),
  ]
  return verdicts.toSorted((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'))
}

function judgeStorms({ sample, recent, usual }: Evidence, thresholds: Thresholds): Verdict[] {
  const { counts, lineRates, rates } = sample.interrupts
  const floor = Math.min(STORM_FLOOR, thresholds.storm_rate)
  return counts.lines.flatMap((line, row): Verdict[] => {
    if (!((lineRates[row] ?? NaN) >= floor) || !isDevice(line)) return []
    const now = median(recent(line).slice(-STORM_SAMPLES))
    const before = usual(line)
    const over = before === null ? 0 : now / Math.max(before, 1)
    const absolute = now >= thresholds.storm_rate
    if (now < floor || (!absolute && over < thresholds.storm_factor)) return []
    const width = counts.cpus.length
    const top = topOf(Float64Array.from(rates.subarray(row * width, (row + 1) * width)), lineRates[row] ?? 0)
    return [
      {
        key: `storm:${line.id}:${line.name}`,
        severity: absolute ? 'critical' : 'warning',
        summary: `Interrupt storm: ${line.name || 'line'} (${line.id}) interrupts ${count(now)} times a second`,
        evidence: `${before === null ? 'its usual rate is not known yet' : `its usual rate is ${text(rate(before))}`}; ${percent(top.share)} land on CPU ${counts.cpus[top.column] ?? 0}`,
        fix: 'Find out what the device does: real traffic, or a driver or cable at fault; reload its driver or take it off the bus',
        commands: [],
      },
    ]
  })
}

function judgeFaults({ sample, recent }: Evidence): Verdict[] {
  return sample.interrupts.counts.lines.flatMap((line, row): Verdict[] => {
    const meaning = FAULTS[line.id]
    if (!meaning) return []
    const seen = recent(line)
    const grown = Math.round(seen.reduce((sum, value) => sum + value, 0) * sample.seconds)
    if (grown < 1) return []
    const total = sample.interrupts.lineTotals[row] ?? 0
    return [
      {
        key: `faults:${line.id}`,
        severity: meaning.critical ? 'critical' : 'warning',
        summary: `${line.id} grows: ${meaning.says}`,
        evidence: `${count(grown)} more in the last ${Math.ceil(seen.length * sample.seconds)} s, ${count(total)} since boot`,
        fix: meaning.fix,
        commands: [],
      },
    ]
  })
}

function judgeDrops({ softnet, machine, standing }: Evidence, thresholds: Thresholds): Verdict[] {
  const key = 'drops:softnet'
  if (!softnet || softnet.dropped < thresholds.drop_rate * (standing.has(key) ? 0.5 : 1)) return []
  const backlog = machine.backlog()
  return [
    {
      key,
      severity: 'warning',
      summary: `The network stack drops ${text(rate(softnet.dropped))} packets before any program sees them`,
      evidence: `softnet_stat: ${text(rate(softnet.dropped))} dropped, ${text(rate(softnet.squeezed))} out of budget${backlog === null ? '' : `; net.core.netdev_max_backlog is ${backlog}`}`,
      fix: 'A CPU gets more packets than it can handle: spread the receive queues, or let it keep more of them waiting',
      commands: backlog === null ? [] : [`sysctl -w net.core.netdev_max_backlog=${backlog * 2}`],
    },
  ]
}
