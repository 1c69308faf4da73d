import { hostname, uptime } from 'node:os'
import { listAlerts, listEvents } from '#core/alerts/table.ts'
import type { Clock } from '#core/clock.ts'
import type { Tonight } from '#core/http/documents.ts'
import type { LiveHub } from '#core/http/live-hub.ts'
import type { Database } from '#core/store/database.ts'
import { systems } from '#systems/index.ts'
import { createCostMeter } from './cost.ts'
import type { Supervisor } from './supervisor.ts'
import { answerFor, nightWindow, waiting, worst } from './tonight.ts'

/** How often the home page is renewed while somebody looks at it, and the daemon's own cost is read. */
const INTERVAL_MS = 5_000
const MOST_ALERTS = 500
const MOST_EVENTS = 500

/** The home page's document, kept fresh for those who watch. */
export interface Home {
  tonight(): Tonight
  /** Alerts or systems changed: tells the pages (once for all changes of one turn). */
  changed(): void
  close(): void
}

interface HomeParts {
  readonly db: Database
  readonly clock: Clock
  readonly live: LiveHub
  readonly supervisor: Supervisor
  readonly version: string
  /** When the daemon started, ms since 1970. */
  readonly started: number
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Makes the home page of this daemon. */
export function createHome({ db, clock, live, supervisor, version, started }: HomeParts): Home {
  const meter = createCostMeter(
    () => clock.monotonic(),
    cpuMicroseconds,
    () => process.memoryUsage.rss(),
  )
  const open = (): ReturnType<typeof listAlerts> => listAlerts(db, { which: 'open', limit: MOST_ALERTS })

  const tonight = (): Tonight => {
    const now = clock.now()
    const alerts = open()
    const states = systems.map((system) => {
      const own = waiting(alerts).filter((alert) => alert.system === system.id)
      const { id, title, summary, wing } = system
      return { id, title, summary, wing, ...supervisor.state(system), alerts: own.length, severity: worst(own) }
    })
    const { from, to } = nightWindow(now)
    return {
      at: now,
      host: hostname(),
      utcOffset: -new Date(now).getTimezoneOffset(),
      version,
      started,
      booted: now - uptime() * 1000,
      answer: answerFor(alerts, states, now),
      findings: alerts,
      night: { from, to, events: listEvents(db, from, now + 1, MOST_EVENTS) },
      systems: states,
      cost: meter.cost(),
    }
  }
  const publish = (): void => {
    const channel = live.channel('tonight')
    if (channel.watched) channel.publish(tonight())
  }

  const ticker = setInterval(() => {
    meter.tick()
    publish()
  }, INTERVAL_MS)
  meter.tick()
  let pending: NodeJS.Immediate | undefined

  return {
    tonight,
    changed() {
      pending ??= setImmediate(() => {
        pending = undefined
        live.channel('alerts').publish({ alerts: open() })
        publish()
      })
    },
    close() {
      clearInterval(ticker)
      clearImmediate(pending)
    },
  }
}
