import type { Clock } from '../clock.ts'
import { exitCode, NocError, reasonOf } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { Database } from '../store/database.ts'
import type { Severity } from '../verdict.ts'
import type { AlertChange } from './book.ts'
import { createBucket } from './bucket.ts'
import { type Channel, commandChannel, type RunProgram, webhookChannel } from './channel.ts'
import { deliveryQueue, type Waiting } from './queue.ts'
import { addEvent } from './table.ts'

/** Times and counts of delivering; tests make them shorter. */
export interface DeliveryLimits {
  readonly webhookMs: number
  readonly commandMs: number
  /** Until the first retry; doubles with each one. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** Attempts until a delivery is given up. */
  readonly attempts: number
}
/** 12 attempts, 5 s, 10 s, 20 s ... 15 min apart: an hour, longer than most maintenance of a receiver. */
const LIMITS: DeliveryLimits = {
  webhookMs: 10_000,
  commandMs: 30_000,
  firstRetryMs: 5000,
  longestRetryMs: 900_000,
  attempts: 12,
}
/** A worker looks at its queue at least so often, ms: the wall clock may have been set, a disk may have space again. */
const LOOK_MS = 60_000
/** `stop` waits no longer for an attempt that ignores its signal, ms. */
const STOP_MS = 900

/** Where alerts go, and what it works with. */
export interface DeliveryOptions {
  readonly db: Database
  readonly clock: Clock
  /** http or https address that gets each alert as JSON; none: nothing is posted. */
  readonly webhook?: string
  /** Program and arguments; it gets each alert as JSON on stdin. None: nothing is run. */
  readonly command?: readonly string[]
  /** Most attempts a minute on each way out; what comes above is summed up in one. */
  readonly perMinute: number
  readonly minimumSeverity: Severity
  readonly log: Logger
  readonly run: RunProgram
  /** The name under which this machine tells of itself. */
  readonly host?: string
  readonly limits?: Partial<DeliveryLimits>
}

/** Carries alerts out of the machine, to where the operator said. */
export interface Delivery {
  /** Queues what an alert book reports; never throws, never waits. */
  notify(change: AlertChange): void
  /** Looks at the queue now: an alert was acknowledged, or a silence ended early. */
  wake(): void
  /** Sends a test now, past queue and limits: how it went in words, or NOC_ALERTS_TEST. */
  test(): Promise<string>
  /** Ends within a second; what was not delivered goes on with the next start. */
  stop(): Promise<void>
}

interface Bell {
  ring(): void
  wait(ms: number): Promise<void>
}
function createBell(): Bell {
  let ring: (() => void) | undefined
  return {
    ring: () => ring?.(),
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        ring = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}

function channelsOf({ webhook = '', command = [], run }: DeliveryOptions, limits: DeliveryLimits): readonly Channel[] {
  return [
    ...(webhook === '' ? [] : [webhookChannel(webhook, limits.webhookMs)]),
    ...(command.length === 0 ? [] : [commandChannel(command, limits.commandMs, run)]),
  ]
}

async function sendTest(channels: readonly Channel[], at: number, host: string, signal: AbortSignal): Promise<string> {
  if (channels.length === 0)
    throw new NocError('NOC_ALERTS_NOWHERE', 'No webhook and no command is configured: alerts go nowhere.', {
      hint: 'Name one in the table [alerts] of nocturne.toml.',
      exit: exitCode.usage,
    })
  const text = `${host && `${host}: `}test: alerts of Nocturne arrive here`
  const outcomes = await Promise.all(
    channels.map(async (channel) => {
      const why = await channel.send({ kind: 'test', text, at, host, alert: null, changes: 0, more: [] }, signal)
      return { name: channel.name, why }
    }),
  )
  const words = outcomes.map(({ name, why }) => `${name}: ${why ?? 'delivered'}`).join('; ')
  if (outcomes.every(({ why }) => why === null)) return words
  throw new NocError('NOC_ALERTS_TEST', `The test was not delivered everywhere (${words}).`)
}

/** Starts delivering at once, with what a former run left in the queue. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { db, clock, log, minimumSeverity, perMinute, host = '' } = options
  const limits = { ...LIMITS, ...options.limits }
  const channels = channelsOf(options, limits)
  const queue = deliveryQueue(db, host, limits.longestRetryMs)
  const stopping = new AbortController()
  const ways = channels.map((channel) => ({ channel, bell: createBell() }))
  /** Delivered, but still in the database: it could not be written (disk full). */
  const sent = new Set<number>()

  const delivered = (id: number): void => {
    sent.add(id)
    queue.done(id)
    sent.delete(id)
  }

  const failed = (channel: Channel, { id, document, tries }: Waiting, why: string): void => {
    log.warn({ channel: channel.name, attempt: tries + 1, why }, 'an alert was not delivered')
    if (tries + 1 < limits.attempts) {
      const wait = Math.min(limits.firstRetryMs * 2 ** tries, limits.longestRetryMs)
      queue.retry(id, clock.now() + wait)
      return
    }
    queue.done(id)
    const text = `gave up telling the ${channel.name} after ${limits.attempts} attempts (${why}): ${document.text}`
    addEvent(db, { at: clock.now(), system: 'alerts', severity: 'warning', text })
  }

  /** Delivers one thing, if something is due and the limit allows; else says how long to wait, ms. */
  const step = async (channel: Channel, bucket: ReturnType<typeof createBucket>): Promise<number> => {
    const due = queue.due(channel.name, clock.now())
    const [first] = due
    if (!first) return (queue.next(channel.name) ?? Infinity) - clock.now()
    if (sent.has(first.id)) {
      delivered(first.id)
      return 0
    }
    const tokens = bucket.tokens(clock.monotonic())
    if (tokens === 0) return bucket.wait(clock.monotonic())
    // The last token goes to everything that is left.
    const next = tokens === 1 && due.length > 1 ? queue.merge(channel.name, due, clock.now()) : first
    bucket.take()
    queue.begin(next.id)
    const why = await channel.send(next.document, stopping.signal)
    if (why === null) delivered(next.id)
    else if (!stopping.signal.aborted) failed(channel, next, why)
    return 0
  }

  const work = async (channel: Channel, bell: Bell): Promise<void> => {
    const bucket = createBucket(perMinute, clock.monotonic())
    while (!stopping.signal.aborted) {
      let wait = LOOK_MS
      try {
        wait = await step(channel, bucket)
      } catch (error) {
        log.error({ channel: channel.name, why: reasonOf(error) }, 'delivering alerts had to pause')
      }
      if (wait > 0 && !stopping.signal.aborted) await bell.wait(Math.min(wait, LOOK_MS))
    }
  }

  const wake = (): void => {
    for (const { bell } of ways) bell.ring()
  }
  const names = channels.map(({ name }) => name)
  for (const name of ['webhook', 'command'] as const) if (!names.includes(name)) queue.forget(name)
  const workers = Promise.all(ways.map(({ channel, bell }) => work(channel, bell)))

  return {
    wake,
    notify: (change) => {
      const wanted = minimumSeverity === 'warning' || change.alert.severity === 'critical' || change.kind === 'cleared'
      if (channels.length === 0 || !wanted) return
      try {
        queue.add(change, names, clock.now())
        wake()
      } catch (error) {
        log.error({ why: reasonOf(error) }, 'an alert could not be queued for delivery')
      }
    },
    test: () => sendTest(channels, clock.now(), host, stopping.signal),
    stop: async () => {
      stopping.abort()
      wake()
      let timer: NodeJS.Timeout | undefined
      await Promise.race([workers, new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS)))])
      clearTimeout(timer)
    },
  }
}
