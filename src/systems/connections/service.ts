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
import { answer, connectionsView, countStuck } from './view.ts'
import type { ConnectionsSnapshot, ConnectionsView } from './wire.ts'

/** Groups in the page's document, and in GET /api/connections. */
const VIEW_GROUPS = 200
const SNAPSHOT_GROUPS = 1000

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
  let latest: Look | undefined
  let fault: string | undefined
  let running: Promise<void> | undefined
  let first: Promise<void> | undefined

  const round = async (): Promise<void> => {
    const began = clock.monotonic()
    try {
      const look = await looker.look({ by: KEYS, filter: ANY, signal })
      latest = look
      fault = undefined
      const view = viewOf(look)
      open.set(view.sockets)
      stuck.set(view.stuck)
      series.record(look)
      cx.alerts.sync(view.verdicts)
      if (cx.live.watched) cx.live.publish(view)
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
  const current = async (): Promise<Look> => {
    await first
    if (latest === undefined) throw new NocError('NOC_CONNECTIONS_NO_LOOK', fault ?? 'The connections are not watched.')
    return latest
  }

  return {
    routes: routes({
      snapshot: async () => documentOf(await current(), SNAPSHOT_GROUPS),
      view: async () => viewOf(await current()),
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
    health: () => health(latest, fault),
    glance: () => glance(latest),
  }
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

function health(latest: Look | undefined, fault: string | undefined): Health {
  if (fault !== undefined) return { state: 'degraded', why: fault }
  if (latest === undefined) return { state: 'starting' }
  const { source, notes } = latest.reading
  if (source === 'proc') {
    const fix = notes[0] ?? 'Let it use netlink or ss: source = "auto" in [connections].'
    return { state: 'degraded', why: 'Idle times are not known, so hanging connections can not be told.', fix }
  }
  if (latest.owners.hidden === 0) return { state: 'up' }
  return {
    state: 'degraded',
    why: "Whose sockets these are is not known for other users' processes.",
    fix: 'Run it as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.',
  }
}

function glance(latest: Look | undefined): Glance {
  if (latest === undefined) return { sentence: 'Looking for the first time.', stats: [] }
  const said = answer(latest, latest.groups, latest.findings)
  const stuck = countStuck(latest.findings)
  return {
    sentence: said.sentence,
    stats: [
      {
        label: 'Connections',
        value: count(latest.reading.sockets.length),
        unit: 'open',
        note: stuck === 0 ? 'none stuck' : `${count(stuck)} stuck`,
        series: 'connections.open',
        ...(said.severity === 'ok' ? {} : { severity: said.severity }),
      },
    ],
  }
}
