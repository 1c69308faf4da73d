import { setTimeout } from 'node:timers/promises'
import { NocError, reasonOf } from '#core/errors.ts'
import type { Glance, Health, Service, SystemContext } from '#core/system.ts'
import { count } from '#core/units.ts'
import type { ConnectionsConfig } from './config.ts'
import { ANY } from './filter.ts'
import { type Group, KEYS } from './groups.ts'
import { routes } from './http.ts'
import { type Look, createLooker, snapshot } from './look.ts'
import { NO_NAMES } from './resolve.ts'
import { connectionSeries } from './series.ts'
import { connectionsView } from './view.ts'
import type { ConnectionsSnapshot, ConnectionsView } from './wire.ts'

/** Groups in the page's document, and in GET /api/connections. */
const VIEW_GROUPS = 200
const SNAPSHOT_GROUPS = 1000

/** What is kept of a look: documents, so that its sockets need not stay in memory. */
interface Kept {
  readonly view: ConnectionsView
  readonly snapshot: ConnectionsSnapshot
  readonly health: Health
  readonly glance: Glance
}

/** The daemon's side: looks at regular times, remembers, raises alerts. */
export function create(cx: SystemContext<ConnectionsConfig>): Service {
  const { config, clock, log } = cx
  const stop = new AbortController()
  const signal = AbortSignal.any([cx.signal, stop.signal])
  const options = { source: config.source, limits: config, clock, since: (key: string) => cx.alerts.since(key) }
  const looker = createLooker(options)
  const series = connectionSeries(cx.series, config.interval)
  const open = cx.metrics.gauge('open', 'TCP and UDP sockets')
  const stuck = cx.metrics.gauge('stuck', 'Connections that a verdict counts as stuck')
  const seconds = cx.metrics.gauge('look_seconds', 'How long the last look took')
  const failures = cx.metrics.counter('failed_looks', 'Looks that failed')
  let latest: Kept | undefined
  let fault: string | undefined
  let running: Promise<void> | undefined
  let first: Promise<void> | undefined

  const look = async (): Promise<void> => {
    const seen = await looker.look({ by: KEYS, filter: ANY, signal })
    latest = keep(seen)
    fault = undefined
    open.set(latest.view.sockets)
    stuck.set(latest.view.stuck)
    series.record(seen)
    cx.alerts.sync(latest.view.verdicts)
    if (cx.live.watched) cx.live.publish(latest.view)
  }
  const round = async (): Promise<void> => {
    const began = clock.monotonic()
    try {
      await look()
    } catch (error) {
      if (signal.aborted) return
      failures.inc()
      if (fault === undefined) log.warn({ why: reasonOf(error) }, 'the connections cannot be read')
      fault = reasonOf(error)
    } finally {
      seconds.set((clock.monotonic() - began) / 1000)
    }
  }
  const loop = async (): Promise<void> => {
    for (let began = clock.monotonic(); !signal.aborted; began = clock.monotonic()) {
      await (first === undefined ? (first = round()) : round())
      const rest = Math.max(config.interval * 100, config.interval * 1000 - (clock.monotonic() - began))
      await setTimeout(rest, undefined, { signal }).catch(() => undefined)
    }
  }
  const current = async (): Promise<Kept> => {
    await first
    if (latest === undefined) throw new NocError('NOC_CONNECTIONS_NO_LOOK', fault ?? 'The connections are not watched.')
    return latest
  }

  return {
    routes: routes({
      snapshot: async () => (await current()).snapshot,
      view: async () => (await current()).view,
      look: (request) => createLooker(options).look(request),
      record: (text) => cx.alerts.event({ severity: 'info', text }),
      now: () => clock.monotonic(),
    }),
    start: async () => {
      running ??= loop()
    },
    stop: async () => {
      stop.abort()
      await running
    },
    health: () => (fault === undefined ? (latest?.health ?? { state: 'starting' }) : { state: 'degraded', why: fault }),
    glance: () => latest?.glance ?? { sentence: 'Looking for the first time.', stats: [] },
  }
}

function keep(look: Look): Kept {
  const view = viewOf(look)
  return { view, snapshot: documentOf(look, SNAPSHOT_GROUPS), health: health(look), glance: glance(view) }
}

function documentOf(look: Look, limit: number): ConnectionsSnapshot {
  return snapshot(look, limit, (ip) => NO_NAMES.nameOf(ip))
}

/** The page's document: what is stuck is among its groups, however small. */
function viewOf(look: Look): ConnectionsView {
  const stuck = new Set(look.findings.flatMap((finding) => finding.stuck))
  const first = stuck.size === 0 ? [] : look.groups.filter((group) => group.members.some((socket) => stuck.has(socket)))
  const chosen = new Set<Group>([...first, ...look.groups].slice(0, VIEW_GROUPS + first.length))
  const groups = look.groups.filter((group) => chosen.has(group)).slice(0, VIEW_GROUPS)
  const document = documentOf({ ...look, groups }, VIEW_GROUPS)
  const hiddenGroups = look.groups.length - groups.length
  return connectionsView({ ...document, hiddenGroups }, look.groups, look.findings)
}

function health({ reading, owners }: Look): Health {
  if (reading.source === 'proc') {
    const fix = reading.notes[0] ?? 'Let it use netlink or ss: source = "auto" in [connections].'
    return { state: 'degraded', why: 'Idle times are not known, so hanging connections can not be told.', fix }
  }
  if (owners.hidden === 0) return { state: 'up' }
  return {
    state: 'degraded',
    why: "Whose sockets these are is not known for other users' processes.",
    fix: 'Run it as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.',
  }
}

function glance({ sockets, stuck, answer }: ConnectionsView): Glance {
  return {
    sentence: answer.sentence,
    stats: [
      {
        label: 'Connections',
        value: count(sockets),
        unit: sockets === 1 ? 'socket' : 'sockets',
        note: stuck === 0 ? 'none stuck' : `${count(stuck)} stuck`,
        series: 'connections.open',
        ...(answer.severity === 'ok' ? {} : { severity: answer.severity }),
      },
    ],
  }
}
