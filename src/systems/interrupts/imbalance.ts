/** Interrupts that land on one processor while others have nothing to do, and the commands that spread them. Pure. */
import { percent, rate, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { sumOf } from './delta.ts'
import { candidates, deviceGroups, deviceLoad, isMovable, topOf, type Queue, type QueueGroup } from './devices.ts'
import type { Machine, Sample } from './sample.ts'
import { capital, inWords, listed } from './words.ts'

/** Limits of `[interrupts]` that imbalance is judged by. */
export interface ImbalanceThresholds {
  readonly imbalance_rate: number
  readonly imbalance_share: number
}

/** A queue with less than this share of its group carries too little to matter where it lands. */
const BUSY_SHARE = 0.02
/** A CPU with less than this share of the crowded one's device interrupts counts as idle. */
const IDLE_SHARE = 0.01
/** A standing verdict goes only when the figures fall below this part of the limits: no flicker at the edge. */
const HYSTERESIS = 0.85
/** Commands of one verdict; no device on the market has more queues for one machine to spread. */
const MAX_COMMANDS = 256
/** Devices named in one sentence. */
const MAX_NAMED = 4

interface Judged {
  readonly sample: Sample
  readonly machine: Machine
  readonly cpus: readonly number[]
  readonly thresholds: ImbalanceThresholds
  /** Device interrupts a second by column, over all devices. */
  readonly load: Float64Array
}

/** Verdicts over the devices' lines; `standing` are the keys found the last time. */
export function judgeImbalance(
  sample: Sample,
  machine: Machine,
  thresholds: ImbalanceThresholds,
  standing: ReadonlySet<string>,
): Verdict[] {
  const { cpus } = sample.interrupts.counts
  if (cpus.length < 2) return []
  const load = deviceLoad(sample)
  const least = thresholds.imbalance_rate * HYSTERESIS
  if (sumOf(load) < least) return []
  // Half of it is enough to be one of a crowd.
  const groups = deviceGroups(sample, least / 2)
  const judged: Judged = { sample, machine, cpus, thresholds, load }
  const limits = (key: string): { readonly rate: number; readonly share: number } => {
    const factor = standing.has(key) ? HYSTERESIS : 1
    return { rate: thresholds.imbalance_rate * factor, share: thresholds.imbalance_share * factor }
  }
  const found = groups.flatMap((group) => {
    const { rate, share } = limits(queuesKey(group))
    const verdict = group.rate >= rate && group.top.share >= share ? judgeQueues(judged, group) : null
    return verdict ? [{ group, verdict }] : []
  })
  const rest = groups.filter((group) => !found.some((one) => one.group === group))
  const crowd = judgeCrowd(judged, rest, limits)
  return [...found.map(({ verdict }) => verdict), ...(crowd ? [crowd] : [])]
}

function queuesKey(group: QueueGroup): string {
  return `imbalance:${group.label}`
}

function cellRate(sample: Sample, queue: Queue, column: number): number {
  return sample.interrupts.rates[queue.row * sample.interrupts.counts.cpus.length + column] || 0
}

/** Several busy queues of one device on one CPU. One busy queue is one stream: spreading can't help it. */
function judgeQueues(judged: Judged, group: QueueGroup): Verdict | null {
  const { sample, machine, cpus } = judged
  const { column } = group.top
  const cpu = cpus[column] ?? 0
  const busy = group.queues.filter((queue) => cellRate(sample, queue, column) >= group.rate * BUSY_SHARE)
  const placements = group.queues.map((queue) => machine.placement(queue.line.id))
  const movable = group.queues.filter((queue, i) => isMovable(queue.line, placements[i] ?? null))
  if (busy.filter((queue) => movable.includes(queue)).length < 2) return null
  const node = placements.find((placement) => placement?.node != null)?.node ?? null
  const target = candidates(node, cpus, machine)
  if (target.cpus.length < 2) return null
  const others = judged.load.map((value, c) => value - (group.cpuRates[c] ?? 0))
  const allowed = [...new Set(placements.flatMap((placement) => (placement ? [placement.allowed] : [])))]
  const all = busy.length === group.queues.length
  const amount =
    all && busy.length === 2
      ? 'both'
      : all
        ? `all ${inWords(busy.length)}`
        : `${inWords(busy.length)} of the ${inWords(group.queues.length)}`
  return {
    key: queuesKey(group),
    severity: 'warning',
    summary: `${capital(amount)} queues of ${group.device} land on CPU ${cpu}`,
    evidence: [
      `CPU ${cpu} takes ${percent(group.top.share)} of ${text(rate(group.rate))} of ${group.label}`,
      `${group.queues.length} queues, allowed ${allowedText(allowed)}${node === null ? '' : `, node ${node}`}`,
      idleText(judged, column, allowed.length === 1 ? (parseCpuList(allowed[0] ?? '') ?? cpus) : cpus),
    ].join('; '),
    fix: `Spread the queues over the CPUs ${target.node === null ? formatCpuList(target.cpus) : `of node ${target.node}`}; ${irqbalanceText(machine)}`,
    commands: spread(judged, movable, target.cpus, others),
  }
}

function allowedText(allowed: readonly string[]): string {
  if (allowed.length === 0) return 'CPUs unknown'
  return allowed.length === 1 ? (allowed[0] ?? '') : `${allowed.length} different CPU lists`
}

function idleText(judged: Judged, column: number, among: readonly number[]): string {
  const busiest = judged.load[column] ?? 0
  const shown = judged.cpus.filter((cpu) => among.includes(cpu))
  const idle = shown.filter((cpu) => (judged.load[judged.cpus.indexOf(cpu)] ?? 0) < busiest * IDLE_SHARE)
  return `${idle.length} of these ${shown.length} CPUs serve no device`
}

function irqbalanceText(machine: Machine): string {
  const running = machine.irqbalance()
  if (running === null) return 'if irqbalance runs it may move them back'
  return running
    ? 'irqbalance is running and may move them back within ten seconds: stop it, or start it with --banirq for these lines'
    : "irqbalance isn't running, so nothing will move them back"
}

/** One line a CPU in turn, first those that no other device keeps busy. */
function spread(judged: Judged, queues: readonly Queue[], cpus: readonly number[], others: Float64Array): string[] {
  const busyFrom = judged.thresholds.imbalance_rate / 4
  const isBusy = (cpu: number): boolean => (others[judged.cpus.indexOf(cpu)] ?? 0) >= busyFrom
  const order = [...cpus.filter((cpu) => !isBusy(cpu)), ...cpus.filter(isBusy)]
  const ordered = queues.slice(0, MAX_COMMANDS).toSorted((a, b) => Number(a.line.id) - Number(b.line.id))
  return ordered.flatMap(({ line }, i) => {
    const to = String(order[i % order.length] ?? 0)
    return judged.machine.placement(line.id)?.allowed === to
      ? []
      : [`echo ${to} > /proc/irq/${line.id}/smp_affinity_list`]
  })
}

/** Different busy devices that all land on one CPU, while nearly nothing lands elsewhere. */
function judgeCrowd(
  judged: Judged,
  groups: readonly QueueGroup[],
  limits: (key: string) => { readonly rate: number; readonly share: number },
): Verdict | null {
  const total = sumOf(judged.load)
  const { column, share } = topOf(judged.load, total)
  const cpu = judged.cpus[column] ?? 0
  const key = `crowd:cpu${cpu}`
  const limit = limits(key)
  const here = groups.filter(
    (group) => group.rate >= limit.rate / 2 && group.top.column === column && group.top.share >= limit.share,
  )
  if (share < limit.share || new Set(here.map((group) => group.device)).size < 2) return null
  // The busiest stays where it is; the others go to CPUs that serve nobody.
  const moved = here.slice(1).flatMap((group) => group.queues)
  const movable = moved.filter((queue) => isMovable(queue.line, judged.machine.placement(queue.line.id)))
  const node =
    movable.map((queue) => judged.machine.placement(queue.line.id)?.node ?? null).find((id) => id !== null) ?? null
  const target = candidates(node, judged.cpus, judged.machine).cpus.filter((other) => other !== cpu)
  if (movable.length === 0 || target.length === 0) return null
  const named = here.slice(0, MAX_NAMED).map((group) => `${group.device} ${text(rate(group.rate))}`)
  return {
    key,
    severity: 'warning',
    summary: `${capital(inWords(here.length))} busy devices share CPU ${cpu}: ${listed(here.slice(0, MAX_NAMED).map((group) => group.device))}`,
    evidence: `CPU ${cpu} takes ${percent(share)} of ${text(rate(total))} of all devices (${named.join(', ')}); ${idleText(judged, column, judged.cpus)}`,
    fix: `Leave the busiest there and move the others; ${irqbalanceText(judged.machine)}`,
    commands: spread(judged, movable, target, judged.load),
  }
}
