import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NocError, reasonOf } from '#core/errors.ts'
import type { Health, Service, SystemContext } from '#core/system.ts'
import type { Verdict } from '#core/verdict.ts'
import { type Circuits, localCircuits } from './circuits.ts'
import type { TormapConfig } from './config.ts'
import { type Held, fetchFolder, held } from './fetch/folder.ts'
import { trustedBy } from './fetch/sources.ts'
import { findings as judge } from './findings.ts'
import { type History, openHistory } from './history/store.ts'
import { routes } from './http.ts'
import type { FetchAnswer, FetchBody } from './schema.ts'
import { tormapSeries } from './series.ts'
import { createFetcher } from './service-fetcher.ts'
import { type Hours, createHours } from './service-hours.ts'
import { THREAD_MB, inThread } from './service-thread.ts'
import { answer, glance } from './service-view.ts'
import { hourWire } from './stats.ts'
import type { RelayMap } from './types.ts'
import type { HourWire, TormapView } from './wire.ts'

/** Between two looks at the clock and at what `noc tormap fetch` may have brought, ms. */
const TICK_MS = 60_000
/** Failed fetches in a row that make the system degraded: for about an hour. */
const MANY_FAILURES = 3
/** Before a consensus that could not be shown is tried again, ms: it is the same, but the disk may have room now. */
const AGAIN_MS = 10 * 60_000
const DAY_MS = 24 * 3_600_000

/**
 * The daemon's side: fetches when it may, remembers every hour, raises alerts. `memory`: MB for the thread that reads what
 * was fetched.
 */
export function create(cx: SystemContext<TormapConfig>, memory: number = THREAD_MB): Service {
  const { config, clock, log, dataDirectory } = cx
  const folder = join(dataDirectory, 'tormap')
  const fetched = fetchFolder(dataDirectory)
  const stop = new AbortController()
  const signal = AbortSignal.any([cx.signal, stop.signal])
  const series = tormapSeries(cx.series)
  const circuits: Circuits = localCircuits(config.control)
  const gauges = {
    relays: cx.metrics.gauge('relays', 'Relays in the newest consensus'),
    exits: cx.metrics.gauge('exits', 'Relays in it that are exits and not bad ones'),
    verified: cx.metrics.gauge('verified', '1 when its signatures were checked and good'),
    validAfter: cx.metrics.gauge('valid_after_seconds', 'When it became valid, seconds since 1970'),
    hours: cx.metrics.gauge('history_hours', 'Hours in the history'),
  }
  const failures = cx.metrics.counter('failed_fetches', 'Fetches that failed')
  let history: History | null = null
  let hours: Hours | null = null
  let hour: HourWire | null = null
  let findings: readonly Verdict[] = []
  let taken: { readonly name: string; readonly at: number; readonly error: unknown } = { name: '', at: 0, error: null }
  let trouble: string | null = null
  let running: Promise<void> | null = null
  let first: Promise<void> | null = null
  let wake = new AbortController()

  const view = (): TormapView => ({
    at: clock.now(),
    answer: answer(hour, findings),
    hour,
    hours: hours?.list().length ?? 0,
    fetch: fetcher.view(),
    findings,
  })
  const publish = (): void => {
    if (cx.live.watched) cx.live.publish(view())
  }
  const random = (): number => Math.random()
  const fetcher = createFetcher({ config, dataDirectory, clock, signal, random, onChange: publish })

  /** Has the map of a document made in a thread of its own, and keeps it. */
  const take = async (newest: Held, all: Hours): Promise<void> => {
    const kept = await all.add(newest.at, config.keep_days * DAY_MS, async (basis) => {
      const place = { folder: fetched, held: newest, cacheFolder: folder }
      const job = { kind: 'hour', config, now: clock.now(), basis, ...place } as const
      const { hour: packed, notes } = await inThread(job, signal, memory)
      for (const note of notes) log.info({ note }, 'a part of the documents is not used')
      return packed
    })
    const map = kept ? await all.map(newest.at) : null
    if (map !== null) series.record(map)
  }
  /** What lies in the folder and was not looked at yet: from before the start, or by `noc tormap fetch`. */
  const takeFetched = async (all: Hours): Promise<void> => {
    const [newest] = await held(fetched)
    const name = newest === undefined ? '' : `${newest.name} ${newest.at}`
    if (name === taken.name && (taken.error === null || clock.now() < taken.at + AGAIN_MS)) {
      if (taken.error !== null) throw taken.error
      return
    }
    taken = { name, at: clock.now(), error: null }
    const known = !all.isSample && all.list().includes(newest?.at ?? 0)
    if (newest === undefined || known) return
    try {
      await take(newest, all)
    } catch (error) {
      taken = { ...taken, error }
      throw error
    }
  }
  const look = async (all: Hours): Promise<void> => {
    const map = await all.map(null)
    if (map === null) return
    hour = hourWire(map)
    const earlier = all.list().at(-2)
    const before = earlier === undefined || map.sample ? null : await all.map(earlier)
    findings = judge(map, before, config, { at: clock.now(), ...expected(map, config) })
    const { original } = hour.classes
    gauges.relays.set(map.sample ? 0 : hour.relays)
    gauges.exits.set(map.sample ? 0 : original.exit + original.exitFast)
    gauges.verified.set(!map.sample && hour.verified.state === 'good' ? 1 : 0)
    gauges.validAfter.set(map.sample ? 0 : hour.validAfter / 1000)
    gauges.hours.set(all.isSample ? 0 : all.list().length)
    cx.alerts.sync(findings)
    publish()
  }
  const showSample = async (all: Hours): Promise<void> => {
    all.showSample(await inThread({ kind: 'sample', now: clock.now() }, signal, memory))
  }
  /** One of the steps of a turn; the others are taken all the same. */
  const step = async (work: Promise<void>): Promise<string | null> =>
    work.then(
      () => null,
      (error: unknown) => reasonOf(error),
    )
  const turn = async (all: Hours): Promise<void> => {
    const why = [await step(takeFetched(all))]
    if (all.list().length === 0) why.push(await step(showSample(all)))
    why.push(await step(look(all)))
    const now = why.find((one) => one !== null) ?? null
    if (now !== null && now !== trouble && !signal.aborted) log.warn({ why: now }, 'the newest map is not whole')
    trouble = now
  }
  const fetchIfDue = async (all: Hours): Promise<void> => {
    if (fetcher.due === null || fetcher.due > clock.now()) return
    if (!(await fetcher.run())) failures.inc()
    // It lies in the folder now.
    await turn(all)
    plan(all)
  }
  const plan = (all: Hours): void => fetcher.plan(all.isSample ? null : hour)
  const loop = async (all: Hours): Promise<void> => {
    await (first = turn(all))
    plan(all)
    while (!signal.aborted) {
      await fetchIfDue(all)
      wake = new AbortController()
      const rest = Math.min(TICK_MS, Math.max(0, (fetcher.due ?? Infinity) - clock.now()))
      const sleeping = AbortSignal.any([signal, wake.signal])
      await setTimeout(rest, undefined, { signal: sleeping }).catch(() => undefined)
      if (!signal.aborted) await turn(all)
    }
  }
  const fetchNow = async ({ hourly, now = true }: FetchBody, actor: string): Promise<FetchAnswer> => {
    if (hours === null) throw notStarted()
    const wanted = hourly || (now && fetcher.hourly)
    if (wanted !== fetcher.hourly) {
      await fetcher.choose(wanted)
      cx.alerts.event({ severity: 'info', text: `Hourly fetching switched ${wanted ? 'on' : 'off'} by ${actor}` })
    }
    if (now) fetcher.ask()
    wake.abort()
    return { hourly: fetcher.hourly, started: now }
  }
  return {
    routes: routes({
      hours: async () => {
        await first
        return hours ?? raise(notStarted())
      },
      view: async () => {
        await first
        return view()
      },
      circuits: () => circuits.read(),
      fetch: fetchNow,
    }),
    start: async () => {
      if (running !== null) return
      history = await openHistory(folder, clock.now())
      hours = createHours(history)
      await fetcher.begin()
      running = loop(hours)
    },
    stop: async () => {
      stop.abort()
      circuits.close()
      await running
      history?.close()
    },
    health: () => health({ hour, trouble, failed: fetcher.failed, why: fetcher.view().why }),
    glance: () => glance(hour, findings),
  }
}

/** Whose votes are expected; Onionoo's JSON tells of none. */
function expected({ consensus }: RelayMap, { authorities }: TormapConfig): object {
  return consensus.voters.length === 0 ? {} : { trusted: trustedBy(authorities, consensus.validAfter) }
}

/** What the health depends on. */
interface HealthFacts {
  readonly hour: HourWire | null
  readonly trouble: string | null
  readonly failed: number
  readonly why: string | null
}

function health({ hour, trouble, failed, why }: HealthFacts): Health {
  if (trouble !== null) {
    const fix = '`noc tormap verify` and `noc tormap stats` say what is wrong with the newest consensus.'
    return { state: 'degraded', why: `The newest consensus is not shown: ${trouble}`, fix }
  }
  if (hour === null) return { state: 'starting' }
  if (failed < MANY_FAILURES) return { state: 'up' }
  return {
    state: 'degraded',
    why: `No consensus could be fetched ${failed} times in a row: ${why ?? 'nobody answered'}`,
    fix: '`noc tormap fetch` shows who was asked and what each answered.',
  }
}

function notStarted(): NocError {
  return new NocError('NOC_TORMAP_NOT_STARTED', 'The map is not there yet.')
}

function raise(error: NocError): never {
  throw error
}
