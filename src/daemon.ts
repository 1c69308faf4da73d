/** `noc up`: what starts and stops in which order. Systems come last and go first. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createAlertBook } from '#core/alerts/book.ts'
import { createDelivery, type Delivery } from '#core/alerts/delivery.ts'
import { addEvent, clearAbandoned } from '#core/alerts/table.ts'
import type { CommandContext, Input } from '#core/cli/command.ts'
import { systemClock as clock } from '#core/clock.ts'
import { loadConfig, type Config } from '#core/config/load.ts'
import { nearest } from '#core/config/nearest.ts'
import { exitCode, NocError, reasonOf } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { notify } from '#core/host/sd-notify.ts'
import { createApp } from '#core/http/app.ts'
import { consoleDirectory, loadAssets } from '#core/http/assets.ts'
import { isLoopback, listenAddress } from '#core/http/guard.ts'
import { createLiveHub } from '#core/http/live-hub.ts'
import { startServer, type ConsoleServer, type Fetch } from '#core/http/server.ts'
import type { Logger } from '#core/log/logger.ts'
import { createLogger } from '#core/log/pino.ts'
import { createMetricRegistry } from '#core/metrics/registry.ts'
import { createSeriesStore } from '#core/series/store.ts'
import type { Database } from '#core/store/database.ts'
import { lockDataDirectory } from '#core/store/lock.ts'
import { openStore } from '#core/store/open.ts'
import { removePresence, writePresence } from '#core/store/presence.ts'
import type { System, SystemContext } from '#core/system.ts'
import { systems } from '#systems/index.ts'
import { SOCKET_NAME } from '#core/http/client.ts'
import { createHost } from '#core/host/setup/host.ts'
import { HELPER_SOCKET } from '#core/host/setup/helper.ts'
import { setupRoutes } from '#core/host/setup/routes.ts'
import { configuredSetups } from './house/configured-setups.ts'
import { createHome } from './house/home.ts'
import { houseRoutes } from './house/routes.ts'
import { createSupervisor } from './house/supervisor.ts'
import { createToken } from './house/token.ts'
import { VERSION } from './house/version.ts'

/** What an alert command may print; it is only looked at when it fails. */
const COMMAND_OUTPUT_BYTES = 64 * 1024

/** The systems that the configuration wants, each with its own table. Unknown names are refused. */
function wantedSystems(config: Config): ReadonlyMap<string, unknown> {
  const known = systems.map((system) => system.id)
  const names = config.daemon.systems.length === 0 ? known : config.daemon.systems
  for (const name of names) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    throw new NocError('NOC_CONFIG_SYSTEM', `[daemon] systems: there is no system "${name}"`, {
      exit: exitCode.usage,
      hint: meant === undefined ? `known: ${known.join(', ')}` : `did you mean "${meant}"?`,
    })
  }
  return new Map(names.map((name) => [name, config.systems[name]]))
}

function deliveryFor(db: Database, config: Config, log: Logger): Delivery {
  const { webhook, command, per_minute, minimum_severity } = config.alerts
  return createDelivery({
    db,
    clock,
    log,
    run: (argv, options) => run(argv, { ...options, maxBytes: COMMAND_OUTPUT_BYTES }),
    host: hostname(),
    perMinute: per_minute,
    minimumSeverity: minimum_severity,
    ...(webhook === '' ? {} : { webhook }),
    ...(command.length === 0 ? {} : { command }),
  })
}

/** What was opened, closed in reverse order: also when the start fails half-way. */
interface Opened {
  push(close: () => unknown): void
  close(): Promise<void>
}

function createOpened(): Opened {
  const closers: (() => unknown)[] = []
  return {
    push: (close) => void closers.push(close),
    async close() {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
    },
  }
}

/** Everything between the lock and the open console. */
interface Daemon {
  readonly server: ConsoleServer
  readonly token: string
  reload(config: Config): Promise<void>
}

async function createDaemon(
  directory: string,
  initial: Config,
  listen: string,
  log: Logger,
  opened: Opened,
): Promise<Daemon> {
  const started = clock.now()
  const db = await openStore(directory, { create: true })
  opened.push(() => db.close())
  const token = await createToken(directory)
  const metrics = createMetricRegistry()
  const live = createLiveHub(() => clock.monotonic())
  const storeTrouble = (error: unknown): void =>
    log.error({ why: reasonOf(error) }, 'the database could not be written')
  const series = createSeriesStore(db, clock, storeTrouble)
  opened.push(() => series.stop())
  let config = initial
  let delivery = deliveryFor(db, config, log)
  opened.push(() => delivery.stop())
  opened.push(() => live.close())

  const contextFor = (system: System, own: unknown, signal: AbortSignal): SystemContext => ({
    config: own,
    log: log.child({ system: system.id }),
    clock,
    metrics: metrics.forSystem(system.id),
    series,
    alerts: createAlertBook(db, clock, {
      system: system.id,
      onChange(change) {
        delivery.notify(change)
        home.changed()
      },
      onError: storeTrouble,
    }),
    live: live.channel(system.id),
    dataDirectory: directory,
    signal,
  })
  const supervisor = createSupervisor(systems, contextFor, log)
  const home = createHome({ db, clock, live, supervisor, version: VERSION, started })
  opened.push(() => home.close())

  const assets = await loadAssets(consoleDirectory())
  const house = houseRoutes({ db, clock, series, delivery: () => delivery, home })
  const stopping = new AbortController()
  opened.push(() => stopping.abort())
  const setups = setupRoutes({
    setups: () => configuredSetups(config),
    host: createHost({}),
    data: directory,
    clock,
    live: live.channel('setups'),
    signal: stopping.signal,
    helper: HELPER_SOCKET,
  })
  const tokenForReads = !isLoopback(listenAddress(listen).address)
  const makeApp = (): Fetch => {
    const mounts = [{ at: '', routes: house }, { at: '/setups', routes: setups }, ...supervisor.mounts()]
    const { hosts } = config.console
    const app = createApp({ mounts, live, assets, metrics, token, tokenForReads, hosts, version: VERSION, log })
    return (request, connection) => app.fetch(request, connection)
  }
  let fetch = makeApp()
  const { certificate, key } = config.console
  const socket = join(directory, SOCKET_NAME)
  const server = await startServer({ listen, certificate, key, socket, fetch: () => fetch })
  opened.push(() => server.close())
  writePresence(directory, { pid: process.pid, url: server.url, started })
  opened.push(() => removePresence(directory))
  addEvent(db, { at: started, system: 'daemon', severity: 'info', text: `Nocturne ${VERSION} started` })

  const apply = async (next: Config): Promise<void> => {
    if (JSON.stringify(next.alerts) !== JSON.stringify(config.alerts)) {
      await delivery.stop()
      delivery = deliveryFor(db, next, log)
    }
    config = next
    const wanted = wantedSystems(next)
    await supervisor.apply(wanted)
    clearAbandoned(db, [...wanted.keys()], clock.now())
    fetch = makeApp()
    home.changed()
  }
  // Pushed last, so systems stop first: they still have the store and the listeners then.
  opened.push(() => supervisor.stop())
  await apply(initial)
  return { server, token, reload: apply }
}

/** Reports to the service manager at half the interval it asks for (sd_watchdog_enabled(3)). */
function startWatchdog(): NodeJS.Timeout | undefined {
  const every = Number(process.env['WATCHDOG_USEC'] ?? 0) / 1000 / 2
  return every > 0 ? setInterval(() => void notify('WATCHDOG=1'), every) : undefined
}

/** SIGHUP: an invalid new configuration is refused in words, and the running one goes on. */
async function reload(daemon: Daemon, cx: CommandContext, log: Logger): Promise<void> {
  await notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  try {
    const next = await loadConfig(cx.configFile(), systems)
    wantedSystems(next)
    await daemon.reload(next)
    log.info({ file: next.file ?? null }, 'configuration read again')
  } catch (error) {
    log.error({ why: reasonOf(error) }, 'the new configuration is refused, the running one goes on')
  }
  await notify('READY=1')
}

function greet(cx: CommandContext, daemon: Daemon): void {
  // The token goes to a person's terminal only, never to a journal.
  const link = cx.out.terminal ? `${daemon.server.url}/#token=${daemon.token}` : daemon.server.url
  cx.out.line(`Nocturne ${VERSION} is up: ${cx.out.ink('accent', link)}`)
  cx.out.line(
    cx.out.ink('faint', cx.out.terminal ? 'Ctrl-C stops it. `noc status` asks it.' : '`noc token` prints the token.'),
  )
}

/** Runs the daemon until the signal is aborted. */
export async function up(
  input: Input<{ listen: { kind: 'text'; placeholder: string; brief: string } }>,
  cx: CommandContext,
): Promise<number> {
  const config = await loadConfig(cx.configFile(), systems)
  wantedSystems(config)
  const directory = await cx.dataDirectory()
  const lock = await lockDataDirectory(directory)
  const log = createLogger(config.daemon.log, process.stderr)
  const opened = createOpened()
  try {
    const daemon = await createDaemon(directory, config, input.flags.listen ?? config.console.listen, log, opened)
    let reloading = Promise.resolve()
    const onHangup = (): void => void (reloading = reloading.then(() => reload(daemon, cx, log)))
    process.on('SIGHUP', onHangup)
    const watchdog = startWatchdog()
    if (cx.json) cx.out.json({ url: daemon.server.url, pid: process.pid, data: directory })
    else greet(cx, daemon)
    await notify('READY=1')
    if (!cx.signal.aborted) await new Promise((resolve) => cx.signal.addEventListener('abort', resolve, { once: true }))
    await notify('STOPPING=1')
    clearInterval(watchdog)
    process.off('SIGHUP', onHangup)
    await reloading
    return exitCode.ok
  } finally {
    await opened.close()
    lock.release()
  }
}
