import { setTimeout } from 'node:timers/promises'
import { NocError, reasonOf } from '#core/errors.ts'
import { lockedIn, lockedInError } from '#core/host/locked-in.ts'
import type { Glance, Health, Service, SystemContext } from '#core/system.ts'
import { count } from '#core/units.ts'
import { knownBoxes } from './circuits/boxes.ts'
import { openCountries } from './circuits/countries.ts'
import { type Follower, followTor } from './circuits/follow.ts'
import { readGuard } from './circuits/guard.ts'
import { recentAttempts } from './circuits/recent.ts'
import { circuitsReport } from './circuits/report.ts'
import type { TorboxConfig } from './config.ts'
import { routes } from './http.ts'
import { type Tester, createTester } from './leak/tester.ts'
import { newRootIdentity } from './root/identity.ts'
import { lookSetUp } from './root/ready.ts'
import { createRegistry } from './root/records.ts'
import { SERIES, STEP_S, torboxSeries } from './series.ts'
import { controlSocket } from './torrc.ts'
import { newIdentity as newUserIdentity } from './user/boxes.ts'
import { verdicts as judge } from './verdicts.ts'
import { answer } from './view.ts'
import type { CircuitsReport, SetUpState, TorboxView } from './wire.ts'
import { attemptText, torSentence } from './words.ts'

/** Looks between two looks at the set-up, which takes three programs. */
const SET_UP_EVERY = 3
/** Least time between two documents that events of tor bring, ms. */
const EVENT_PAUSE_MS = 1000

/** The daemon's side: follows tor and the guard, remembers, raises alerts, runs the leak test. */
export function create(cx: SystemContext<TorboxConfig>): Service {
  const { config, clock, log } = cx
  const stop = new AbortController()
  const signal = AbortSignal.any([cx.signal, stop.signal])
  const root = process.geteuid?.() === 0
  const series = torboxSeries(cx.series)
  const countries = openCountries(config.geoip, config.geoip6)
  const recent = recentAttempts()
  const gauges = {
    boxes: cx.metrics.gauge('boxes', 'Boxes that run'),
    connections: cx.metrics.gauge('connections', 'Connections of boxes through Tor'),
    dropped: cx.metrics.gauge('dropped_packets', "Packets dropped by the bridge's guard since its rules were loaded"),
    ready: cx.metrics.gauge('tor_ready', '1 when tor is ready for the boxes'),
    leaks: cx.metrics.gauge('leaks', 'Rows of the last leak test through which something leaked'),
  }
  const known = new Set<string>()
  let follower: Follower | null = null
  let setUp: SetUpState = { state: 'unknown' }
  let looks = 0
  let latest: TorboxView | null = null
  let running: Promise<void> | null = null
  let first: Promise<unknown> | null = null
  let due = false

  const tester: Tester = createTester({ config, clock, signal, onChange: () => void look().catch(() => undefined) })

  const report = async (): Promise<CircuitsReport> => {
    if (follower === null) throw notStarted()
    await follower.begun
    return circuitsReport({
      follower,
      ownTor: config.tor === 'own',
      boxes: knownBoxes,
      guard: async () => (root ? readGuard() : null),
      now: () => clock.now(),
    })
  }
  const look = async (): Promise<TorboxView> => {
    const now = await report()
    if (root && looks++ % SET_UP_EVERY === 0)
      setUp = await lookSetUp(config).catch((): SetUpState => ({ state: 'unknown' }))
    const { state: leakTest } = tester
    // The leak test's own box tries everything on purpose.
    const others = now.dropped.filter((one) => one.box !== null && !tester.isOwn(one.box))
    const going = recent.note(now.at, others)
    const verdicts = judge({ report: now, setUp, recent: going, leakTest: leakTest.last })
    const said = answer({ report: now, setUp, leakTest: leakTest.last, verdicts })
    latest = { ...now, answer: said, verdicts, leakTest, setUp }
    tell(
      latest,
      going.map((one) => `${one.box ?? ''} tried ${attemptText(one)}: dropped`),
    )
    return latest
  }
  /** Figures, alerts, the night line and the page. */
  const tell = (view: TorboxView, attempts: readonly string[]): void => {
    gauges.boxes.set(view.boxes.length)
    gauges.connections.set(view.boxes.reduce((sum, box) => sum + box.streams.length, 0))
    gauges.dropped.set(view.reasons.reduce((sum, one) => sum + one.packets, 0))
    gauges.ready.set(view.tor.state === 'ready' ? 1 : 0)
    gauges.leaks.set(view.leakTest.last?.rows.filter((row) => row.leak).length ?? 0)
    series.record(view)
    cx.alerts.sync(view.verdicts)
    for (const text of attempts) {
      if (known.has(text) || known.size >= MOST_TOLD) continue
      known.add(text)
      cx.alerts.event({ severity: 'info', text })
    }
    if (cx.live.watched) cx.live.publish(view)
  }
  const onChange = (): void => {
    if (due || !cx.live.watched || signal.aborted) return
    due = true
    void setTimeout(EVENT_PAUSE_MS, undefined, { signal, ref: false })
      .then(() => {
        due = false
        return look()
      })
      .catch(() => (due = false))
  }
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const round = look().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ why: reasonOf(error) }, 'the boxes cannot be looked at')
      })
      await (first ??= round)
      await round
      await setTimeout(STEP_S * 1000, undefined, { signal }).catch(() => undefined)
    }
  }
  return {
    routes: routes({
      report,
      view: async () => {
        await first
        return latest ?? look()
      },
      startLeakTest: async (disruptive, actor) => {
        if (lockedIn()) throw lockedInError('make the box of a leak test', 'As root: noc torbox leaktest')
        const started = tester.start(disruptive)
        if (started) cx.alerts.event({ severity: 'info', text: `Leak test started by ${actor}` })
        return started
      },
      newIdentity: async (name, actor) => {
        if (lockedIn()) throw lockedInError('reach into a box', `As root: noc torbox new-identity ${name}`)
        const address = await renew(config, name, root)
        cx.alerts.event({ severity: 'info', text: `New identity for the box ${name}, by ${actor}` })
        await look()
        return { name, address }
      },
    }),
    start: async () => {
      follower ??= followTor({ path: controlSocket(config), clock, countries, onChange })
      running ??= loop()
    },
    stop: async () => {
      stop.abort()
      follower?.stop()
      await tester.stop()
      await running
      countries.close()
    },
    health: () => health(latest, root),
    glance: () => glance(latest),
  }
}

/** Attempts that are told on the night line, as long as the daemon runs. */
const MOST_TOLD = 200

function notStarted(): NocError {
  return new NocError('NOC_TORBOX_NOT_STARTED', 'The boxes are not watched yet.')
}

async function renew(config: TorboxConfig, name: string, root: boolean): Promise<string | null> {
  const registry = createRegistry()
  const box = root ? registry.find(name) : null
  if (box !== null) return (await newRootIdentity(config, registry, box)).seat.address
  await newUserIdentity(name)
  return null
}

function health(latest: TorboxView | null, root: boolean): Health {
  if (latest === null) return { state: 'starting' }
  const { setUp, tor, boxes } = latest
  if (setUp.state === 'broken') {
    return { state: 'degraded', why: `The sandbox is without ${setUp.what}.`, fix: '`noc torbox apply` puts it back.' }
  }
  const wanted = boxes.length > 0 || setUp.state === 'whole'
  if (wanted && tor.state !== 'ready') {
    return { state: 'degraded', why: torSentence(tor), fix: '`noc torbox verify` says what is so.' }
  }
  if (!root && boxes.length > 0) return { state: 'degraded', why: "Not root: only this user's own boxes are seen." }
  return { state: 'up' }
}

function glance(latest: TorboxView | null): Glance {
  if (latest === null) return { sentence: 'Looking for the first time.', stats: [] }
  const { boxes, answer: said, dropped } = latest
  const packets = dropped.reduce((sum, one) => sum + one.packets, 0)
  return {
    sentence: said.sentence,
    stats: [
      {
        label: 'Boxes',
        value: count(boxes.length),
        unit: 'running',
        note: packets === 0 ? 'nothing dropped' : `${count(packets)} packets dropped`,
        series: SERIES.connections,
        ...(said.severity === 'ok' ? {} : { severity: said.severity }),
      },
    ],
  }
}
