import { readFile } from 'node:fs/promises'
import { exitCode, NocError, reasonOf, systemErrorCode } from '../errors.ts'
import type { System } from '../system.ts'
import { houseTables, type AlertsConfig, type ConsoleConfig, type DaemonConfig } from './house.ts'
import { parseConfig, type Tables } from './parse.ts'
import type { ConfigTable } from './table.ts'

/** The whole configuration: the house's tables by their types, each system's own by its id. */
export interface Config {
  /** Undefined when there is no file and everything is at its default. */
  readonly file: string | undefined
  readonly daemon: DaemonConfig
  readonly console: ConsoleConfig
  readonly alerts: AlertsConfig
  readonly systems: Readonly<Record<string, unknown>>
}

/** All tables that nocturne.toml may have: the house's, then one a system. */
export async function allTables(systems: readonly System[]): Promise<Tables> {
  const own = await Promise.all(
    systems.map(async (s): Promise<[string, ConfigTable<unknown>]> => [s.id, await s.config()]),
  )
  return { ...houseTables, ...Object.fromEntries(own) }
}

/** The text of a configuration file; '' when there is none. */
export async function readConfigText(file: string | undefined): Promise<string> {
  if (file === undefined) return ''
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT'
    throw new NocError(
      'NOC_CONFIG_UNREADABLE',
      `${file}: ${missing ? 'there is no such configuration file' : reasonOf(error)}`,
      {
        exit: exitCode.usage,
        hint: '`noc config path` lists where configuration is looked for',
        cause: error,
      },
    )
  }
}

/** Reads and checks the configuration file, or gives the defaults when `file` is undefined. */
export async function loadConfig(file: string | undefined, systems: readonly System[]): Promise<Config> {
  const text = await readConfigText(file)
  const all = parseConfig(file ?? 'defaults', text, await allTables(systems))
  const { daemon, console, alerts, ...own } = all
  return {
    file,
    daemon: daemon as DaemonConfig,
    console: console as ConsoleConfig,
    alerts: alerts as AlertsConfig,
    systems: own,
  }
}
