/** The machine around the interrupts, read when asked for and kept for a while: nodes, affinity, irqbalance. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#core/clock.ts'
import { parseCpuList } from './cpu-list.ts'
import type { Machine, Placement } from './sample.ts'
import type { NumaNode } from './wire.ts'

/** Nodes and affinity change by hand or by irqbalance, which looks every 10 s (irqbalance(1), --interval). */
const KEEP_MS = 10_000
/** Interrupts change their device, and the device its node, only when drivers are loaded. */
const KEEP_DEVICES_MS = 60_000
/** Programs come and go seldom, and looking means one small file a process. */
const KEEP_PROCESSES_MS = 60_000
/** Most processes that are asked for their name. */
const MAX_PROCESSES = 32_768
/** Owner may write: kernels since 6.6 take this away where the affinity can't be changed (kernel/irq/proc.c). */
const OWNER_WRITE = 0o200

function read(...path: readonly string[]): string | null {
  try {
    return readFileSync(join(...path), 'utf8').trim()
  } catch {
    return null
  }
}

function readNodes(sys: string | null): readonly NumaNode[] {
  if (sys === null) return []
  const base = join(sys, 'devices/system/node')
  let names: string[]
  try {
    names = readdirSync(base)
  } catch {
    return []
  }
  return names
    .flatMap((name): NumaNode[] => {
      const id = /^node(\d{1,5})$/.exec(name)?.[1]
      const cpus = id === undefined ? null : parseCpuList(read(base, name, 'cpulist') ?? '')
      return id === undefined || cpus === null ? [] : [{ id: Number(id), cpus }]
    })
    .toSorted((a, b) => a.id - b.id)
}

function readDevice(proc: string, id: string): Pick<Placement, 'node' | 'changeable'> {
  const node = Number(read(proc, 'irq', id, 'node') ?? '-1')
  const mode = statSync(join(proc, 'irq', id, 'smp_affinity_list'), { throwIfNoEntry: false })?.mode ?? 0
  return {
    // -1: the device has no node, as on all virtual machines.
    node: Number.isInteger(node) && node >= 0 ? node : null,
    changeable: (mode & OWNER_WRITE) !== 0,
  }
}

/** Each interrupt on its own clock, apart from each other, so that 500 of them are not read in the same moment. */
function placements(proc: string, clock: Clock): (id: string) => Placement | null {
  const known = new Map<string, { placement: Placement | null; until: number; deviceUntil: number }>()
  return (id) => {
    const now = clock.monotonic()
    const before = known.get(id)
    if (before && now < before.until) return before.placement
    const allowed = read(proc, 'irq', id, 'smp_affinity_list')
    if (allowed === null || parseCpuList(allowed) === null) {
      known.set(id, { placement: null, until: now + KEEP_DEVICES_MS, deviceUntil: 0 })
      return null
    }
    const same = before?.placement && now < before.deviceUntil ? before.placement : null
    const { node, changeable } = same ?? readDevice(proc, id)
    const placement = { allowed, node, changeable }
    const deviceUntil = same && before ? before.deviceUntil : now + KEEP_DEVICES_MS
    const apart = ((Number(id) % 10) / 20) * KEEP_MS
    known.set(id, { placement, until: now + KEEP_MS - apart, deviceUntil })
    return placement
  }
}

function findIrqbalance(proc: string): boolean | null {
  let names: string[]
  try {
    names = readdirSync(proc)
  } catch {
    return null
  }
  const processes = names.filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES)
  // A copied directory has no processes: nothing can be told from it.
  return processes.length === 0 ? null : processes.some((pid) => read(proc, pid, 'comm') === 'irqbalance')
}

function kept<T>(clock: Clock, ms: number, make: () => T): () => T {
  let value: T | undefined
  let until = -Infinity
  return () => {
    if (value === undefined || clock.monotonic() >= until) {
      value = make()
      until = clock.monotonic() + ms
    }
    return value
  }
}

/** The machine below these roots; `sys` null: unknown. Missing files are unknown, never errors. */
export function createMachine(proc: string, sys: string | null, clock: Clock): Machine {
  const nodes = kept(clock, KEEP_MS, () => readNodes(sys))
  const isolated = kept(clock, KEEP_MS, () =>
    sys === null ? [] : (parseCpuList(read(sys, 'devices/system/cpu/isolated') ?? '') ?? []),
  )
  const irqbalance = kept(clock, KEEP_PROCESSES_MS, () => findIrqbalance(proc))
  const backlog = kept(clock, KEEP_MS, () => {
    const value = Number(read(proc, 'sys/net/core/netdev_max_backlog') ?? NaN)
    return Number.isInteger(value) ? value : null
  })
  const placementOf = placements(proc, clock)
  return {
    get nodes() {
      return nodes()
    },
    get isolated() {
      return isolated()
    },
    irqbalance,
    backlog,
    placement: (id) => (/^\d{1,9}$/.test(id) ? placementOf(id) : null),
  }
}
