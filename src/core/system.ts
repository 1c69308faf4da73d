import type { AlertBook } from './alerts/types.ts'
import type { CommandSet } from './cli/command.ts'
import type { Clock } from './clock.ts'
import type { ConfigTable } from './config/table.ts'
import type { Glance, Health, Wing } from './glance.ts'
import type { Setup } from './host/setup/types.ts'
import type { Route } from './http/route.ts'
import type { LiveChannel } from './http/live.ts'
import type { Logger } from './log/logger.ts'
import type { Metrics } from './metrics/types.ts'
import type { SeriesStore } from './series/types.ts'

export type { Glance, Health, Stat, Wing } from './glance.ts'

/** All that a service is given; nothing is global. */
export interface SystemContext<C = unknown> {
  readonly config: C
  readonly log: Logger
  readonly clock: Clock
  readonly metrics: Metrics
  readonly series: SeriesStore
  readonly alerts: AlertBook
  /** Where the console's page of this system gets its live documents. */
  readonly live: LiveChannel
  /** The data directory; a system keeps its own files in a folder there that has its id as name. */
  readonly dataDirectory: string
  /** Aborted when the daemon stops. */
  readonly signal: AbortSignal
}

/** A running system. The constructor (`create`) does nothing; `stop` drains and may be called twice. */
export interface Service {
  /** Mounted under /api/<id>. */
  readonly routes?: readonly Route[]
  start(): Promise<void>
  stop(): Promise<void>
  health(): Health
  glance(): Glance
}

/**
 * A system announces itself with this: data and lazy imports only. Importing a manifest has no side effect and
 * pulls no package, so that `noc --help` stays as cheap as an empty node. Method syntax on purpose: it keeps
 * `System<X>` assignable to `System`.
 */
export interface System<C = unknown> {
  /** One name everywhere: folder, command, console path, config table, metric prefix. */
  readonly id: string
  readonly title: string
  /** What for, one line, shown in `noc --help` and the README's table. */
  readonly summary: string
  readonly wing: Wing
  /** Other names for the command. */
  readonly aliases?: readonly string[]
  /** Its table in nocturne.toml, with defaults. */
  config(): Promise<ConfigTable<C>>
  /** '' is the bare `noc <id>`. */
  readonly commands: CommandSet
  service?(): Promise<{ create(cx: SystemContext<C>): Service }>
  /** What it changes on a host; its commands come from `setupCommands`, and the set-ups page lists it. */
  setup?(): Promise<Setup<C>>
}
