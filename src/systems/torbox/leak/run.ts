/** The leak test from beginning to end: makes boxes, tries everything at once, breaks things, looks, judges. */
import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '#core/errors.ts'
import type { Clock } from '#core/clock.ts'
import type { LeakReport } from '../wire.ts'
import { answerOf } from './answer.ts'
import { judge } from './judge.ts'
import type { Breakable, Lab, ProbeBox, Unbreakable } from './lab.ts'
import { listen } from './listener.ts'
import type { Observations } from './observations.ts'
import * as plan from './plan.ts'
import { PROBES, type ProbeId } from './probes.ts'
import { hasWayOut, listeningSockets, makeTargets, readAddresses } from './surroundings.ts'
import { type Task, type TaskResult, parseResults } from './tasks.ts'
import { type Watcher, startWatcher } from './watcher.ts'

/** What the caller decides. */
export interface LeakTestOptions {
  readonly lab: Lab
  /** Also stop tor and take rules away. */
  readonly disruptive: boolean
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Told of each part as it begins. */
  progress(text: string): void
}

/** Milliseconds for the program in the box to start, on a slow machine. */
const START_MS = 8000
/** Milliseconds in which old flows get out while there are no rules, and in which they are watched as a whole. */
const FLOW_OUT_MS = 1000
const FLOW_MS = 5000
/** Milliseconds after tor was started in which the box must be served again, and between two looks. */
const BACK_MS = 8000
const BACK_PAUSE_MS = 500

/** Runs the test; throws only when no box can be made. */
export async function leakTest(options: LeakTestOptions): Promise<LeakReport> {
  const { lab, clock } = options
  const began = clock.monotonic()
  const notes: string[] = []
  const closers: (() => Promise<unknown>)[] = []
  try {
    const run = await prepare(options, notes, closers)
    const { box } = run
    options.progress('Trying everything at once')
    await together(run)
    options.progress('As root in the box')
    await asRoot(run)
    if (options.disruptive) await inTrouble(run)
    const observations = await observe(run)
    const rows = judge(observations)
    const at = clock.now()
    const tookMs = Math.round(clock.monotonic() - began)
    return { at, tookMs, box: { kind: lab.kind, name: box.name }, answer: answerOf(rows), rows, notes }
  } finally {
    for (const close of closers.toReversed()) await close().catch((error: unknown) => notes.push(reasonOf(error)))
  }
}

/** What a run works with, and what it has seen so far. */
interface Run extends LeakTestOptions {
  readonly surroundings: plan.Surroundings
  readonly box: ProbeBox
  readonly other: ProbeBox | null
  readonly watcher: Watcher | null
  readonly host: Awaited<ReturnType<typeof listen>>
  readonly results: TaskResult[]
  readonly otherResults: TaskResult[]
  readonly skipped: Partial<Record<ProbeId, string>>
  flow: Observations['flow']
}

async function prepare(options: LeakTestOptions, notes: string[], closers: (() => Promise<unknown>)[]): Promise<Run> {
  const { lab, signal } = options
  const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closers.push(() => part.close())
    return part
  }
  options.progress('Making boxes')
  const host = keep(await listen(0))
  // Before the addresses are read: an empty bridge doesn't show its own.
  const box = keep(await lab.makeBox(signal))
  const other = lab.gateway === null ? null : keep(await lab.makeBox(signal))
  const addresses = readAddresses(lab.gateway)
  const targets = makeTargets(addresses.networks)
  const watcher = await startWatcher({ targets, pid: process.pid, links: lab.links }).then(keep, (error: unknown) => {
    notes.push(`What left this machine was not counted: ${reasonOf(error)}`)
    return null
  })
  if (!hasWayOut()) notes.push('This machine has no default route: a leak to the outside could not have shown.')
  if (watcher !== null) {
    const but = lab.links.length === 0 ? '' : ` but ${lab.links.join(', ')}`
    notes.push(`Compared with what left by any interface${but}, counted by the kernel.`)
  }
  const surroundings: plan.Surroundings = {
    targets,
    servicePort: host.port,
    gateway: lab.gateway,
    gatewayLinkLocal: addresses.gatewayLinkLocal,
    hostAddresses: addresses.global,
    address: box.address,
    otherAddress: other?.address ?? null,
    otherPort: targets.port + 2,
    sockets: listeningSockets(),
  }
  const skipped = lab.gateway === null ? { ...WITHOUT_NETWORK } : {}
  return { ...options, surroundings, box, other, watcher, host, results: [], otherResults: [], skipped, flow: null }
}

const NO_GATEWAY = 'the box has no network to this machine'
const NO_LINK = 'boxes of this kind have no network between them'
/** Rows that make no sense for a box without a network, and why. */
const WITHOUT_NETWORK: Partial<Record<ProbeId, string>> = {
  'box-to-box': NO_LINK,
  spoof: NO_LINK,
  'host-tcp': NO_GATEWAY,
  'host-loopback': NO_GATEWAY,
  'ipv6-link-local': NO_GATEWAY,
}

async function tasks(
  run: Run,
  as: 'application' | 'root',
  list: readonly Task[],
  box = run.box,
): Promise<TaskResult[]> {
  if (list.length === 0) return []
  const longest = Math.max(...list.map((task) => task.timeoutMs))
  const output = await box.run(as, JSON.stringify(list), longest + START_MS, run.signal)
  return parseResults(output)
}

/** Results into the run; a program that could not be run makes its rows "not tried". */
async function record(run: Run, as: 'application' | 'root', list: readonly Task[], box = run.box): Promise<void> {
  const found = await tasks(run, as, list, box).catch((error: unknown) => {
    if (run.signal.aborted) throw error
    return list.map((task): TaskResult => ({ id: task.id, outcome: 'unknown', detail: reasonOf(error), ms: 0 }))
  })
  run.results.push(...found)
}

async function together(run: Run): Promise<void> {
  const { surroundings: s, other } = run
  const listening = other === null ? Promise.resolve([]) : tasks(run, 'root', plan.listenTasks(s), other)
  const heard = listening.catch((): TaskResult[] => [])
  await Promise.all([record(run, 'application', plan.applicationTasks(s)), record(run, 'root', plan.pingTasks(s))])
  run.otherResults.push(...(await heard))
}

async function asRoot(run: Run): Promise<void> {
  if (run.other !== null) await record(run, 'root', [plan.unplugTask], run.other)
  await record(run, 'root', [plan.arrangement(run.surroundings)])
  // A new IPv6 address is not usable at once.
  await pause(ADDRESS_MS, undefined, { signal: run.signal })
  await record(run, 'root', plan.rootTasks(run.surroundings))
}

const ADDRESS_MS = 300

async function inTrouble(run: Run): Promise<void> {
  const { lab, surroundings: s, progress } = run
  await broken(run, lab.tor, ['tor-stopped', 'tor-restarted'], async (tor) => {
    progress('With tor stopped')
    await tor.break(s.targets.v4['tor-stopped'])
    await record(run, 'application', plan.troubleTasks(s, 'tor-stopped'))
    progress('While tor starts')
    const start = tor.mend()
    await record(run, 'application', plan.troubleTasks(s, 'tor-restarted'))
    await start
    await untilServed(run)
  })
  await broken(run, lab.rules, ['rules-flushed'], async (rules) => {
    progress('Without rules')
    await rules.break(s.targets.v4['rules-flushed'])
    await Promise.all([
      record(run, 'application', plan.troubleTasks(s, 'rules-flushed')),
      record(run, 'root', plan.flushedPings(s)),
    ])
  })
  await broken(run, lab.walls, ['flow-before'], async (walls) => {
    progress('Flows that were there before')
    await walls.break(s.targets.v4['flow-before'])
    const flows = record(run, 'application', plan.flowTasks(s, FLOW_MS))
    const before = await leavingOf(run)
    await walls.mend()
    const early = Math.max(before, await counted(run))
    await flows
    if (run.watcher !== null) run.flow = { before: early, after: await counted(run) }
  })
}

/** Breaks something, and puts it back whatever happens. */
async function broken(
  run: Run,
  part: Breakable | Unbreakable,
  rows: readonly ProbeId[],
  act: (part: Breakable) => Promise<void>,
): Promise<void> {
  if ('why' in part) {
    for (const row of rows) run.skipped[row] = part.why
    return
  }
  try {
    await act(part)
  } finally {
    await part.mend()
  }
}

/** Waits until flows have begun to leave, if they do, and a little longer; gives their packets. */
async function leavingOf(run: Run): Promise<number> {
  const until = run.clock.monotonic() + FLOW_MS / 2
  for (let packets = 0; run.clock.monotonic() < until; packets = await counted(run)) {
    if (packets > 0) break
    await pause(BACK_PAUSE_MS / 5, undefined, { signal: run.signal })
  }
  await pause(FLOW_OUT_MS, undefined, { signal: run.signal })
  return counted(run)
}

async function counted(run: Run): Promise<number> {
  const seen = await run.watcher?.look()
  const target = run.surroundings.targets.v4['flow-before']
  // A connection that begins after the rules are back goes through Tor, perhaps by an exit of this very machine.
  return (seen?.forwarded ?? []).filter((one) => one.target === target).reduce((sum, one) => sum + one.packets, 0)
}

async function untilServed(run: Run): Promise<void> {
  const until = run.clock.monotonic() + BACK_MS
  for (;;) {
    const found = await tasks(run, 'application', plan.backTasks(run.surroundings)).catch((): TaskResult[] => [])
    const served = found.some((result) => result.outcome === 'connected' || result.outcome === 'answered')
    if (served || run.clock.monotonic() > until) {
      run.results.push(...found)
      return
    }
    await pause(BACK_PAUSE_MS, undefined, { signal: run.signal })
  }
}

async function observe(run: Run): Promise<Observations> {
  const { lab, surroundings: s, otherResults } = run
  if (!run.disruptive) {
    const why = 'not asked for: --disruptive stops tor and takes the rules away for some seconds'
    for (const { id, disruptive } of PROBES) if (disruptive === true) run.skipped[id] = why
  }
  return {
    kind: lab.kind,
    targets: s.targets,
    results: run.results,
    sightings: (await run.watcher?.look()) ?? null,
    hostArrivals: run.host.arrivals(),
    boxArrivals: otherResults.find((result) => result.id === 'listen')?.arrivals ?? null,
    otherAddress: s.otherAddress,
    streams: lab.streams(),
    flow: run.flow,
    skipped: run.skipped,
  }
}
