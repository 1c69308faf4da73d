import * as v from 'valibot'
import { LISTEN_FORMAT } from '../http/guard.ts'
import type { ConfigTable } from './table.ts'

/** `[console]`: where the web console listens. */
export interface ConsoleConfig {
  readonly listen: string
  readonly hosts: readonly string[]
  readonly certificate: string
  readonly key: string
}
/** `[alerts]`: where alerts go beside the console. */
export interface AlertsConfig {
  readonly webhook: string
  readonly command: readonly string[]
  readonly per_minute: number
  readonly minimum_severity: 'warning' | 'critical'
}
/** `[daemon]`: what runs. */
export interface DaemonConfig {
  readonly systems: readonly string[]
  readonly data: string
  readonly log: 'debug' | 'info' | 'warn' | 'error'
}

/** Most alerts a minute that the operator may ask for; more is noise, not news. */
const MOST_PER_MINUTE = 60

export const daemonTable: ConfigTable<DaemonConfig> = {
  schema: v.strictObject({
    systems: v.optional(
      v.pipe(v.array(v.string()), v.description('Systems that `noc up` starts; empty means all of them')),
      [],
    ),
    data: v.optional(
      v.pipe(
        v.string(),
        v.description('Where data is kept; empty: /var/lib/nocturne as root, else $XDG_DATA_HOME/nocturne'),
      ),
      '',
    ),
    log: v.optional(
      v.pipe(v.picklist(['debug', 'info', 'warn', 'error']), v.description('How much the daemon logs')),
      'info',
    ),
  }),
}

export const consoleTable: ConfigTable<ConsoleConfig> = {
  schema: v.strictObject({
    listen: v.optional(
      v.pipe(
        v.string(),
        v.regex(LISTEN_FORMAT, 'must be ADDRESS:PORT or [ADDRESS6]:PORT'),
        v.description('Address and port; anything but loopback needs certificate and key, and asks for the token'),
      ),
      '127.0.0.1:8470',
    ),
    hosts: v.optional(
      v.pipe(
        v.array(v.string()),
        v.description('Further host names under which a browser may ask for the console, e.g. behind a reverse proxy'),
      ),
      [],
    ),
    certificate: v.optional(v.pipe(v.string(), v.description('TLS certificate chain, PEM file; empty: no TLS')), ''),
    key: v.optional(v.pipe(v.string(), v.description('TLS private key, PEM file')), ''),
  }),
}

export const alertsTable: ConfigTable<AlertsConfig> = {
  schema: v.strictObject({
    webhook: v.optional(
      v.pipe(
        v.string(),
        v.check((url) => url === '' || (/^https?:/.test(url) && URL.canParse(url)), 'must be an http or https address'),
        v.description('Each alert is posted here as JSON; empty: nothing leaves this machine'),
      ),
      '',
    ),
    command: v.optional(
      v.pipe(
        v.array(v.string()),
        v.description('Program and arguments to run for each alert; it gets the alert as JSON on stdin'),
      ),
      [],
    ),
    per_minute: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1),
        v.maxValue(MOST_PER_MINUTE),
        v.description('Most deliveries a minute; what comes above is summed up in one'),
      ),
      6,
    ),
    minimum_severity: v.optional(
      v.pipe(v.picklist(['warning', 'critical']), v.description('Deliver alerts of this severity and above')),
      'warning',
    ),
  }),
}

/** The tables that belong to the house itself, by name. */
export const houseTables: {
  readonly daemon: ConfigTable<DaemonConfig>
  readonly console: ConfigTable<ConsoleConfig>
  readonly alerts: ConfigTable<AlertsConfig>
} = { daemon: daemonTable, console: consoleTable, alerts: alertsTable }
