import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The environment as far as paths depend on it. */
export interface PathEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly root: boolean
}

/** This process's own. */
export function processPaths(): PathEnvironment {
  return { env: process.env, root: process.getuid?.() === 0 }
}

/** Where a configuration file may lie, the first that exists wins: $NOC_CONFIG alone, else the user's, else /etc. */
export function configCandidates({ env }: PathEnvironment): readonly string[] {
  if (env['NOC_CONFIG']) return [env['NOC_CONFIG']]
  const home = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config')
  return [join(home, 'nocturne', 'nocturne.toml'), '/etc/nocturne/nocturne.toml']
}

/** The configuration file in use: the named one (must exist), else the first candidate that exists, else undefined. */
export function findConfig(named: string | undefined, paths: PathEnvironment): string | undefined {
  if (named !== undefined) return named
  // $NOC_CONFIG is as explicit as --config: a missing file there is an error, not a default.
  if (paths.env['NOC_CONFIG']) return paths.env['NOC_CONFIG']
  return configCandidates(paths).find((file) => existsSync(file))
}

/** Where data is kept: $NOC_DATA, else the configured place, else systemd's, else /var/lib/nocturne for root, else the XDG place. */
export function dataDirectory(configured: string, { env, root }: PathEnvironment): string {
  if (env['NOC_DATA']) return env['NOC_DATA']
  if (configured !== '') return configured
  if (env['STATE_DIRECTORY']) return env['STATE_DIRECTORY']
  if (env['XDG_DATA_HOME']) return join(env['XDG_DATA_HOME'], 'nocturne')
  return root ? '/var/lib/nocturne' : join(env['HOME'] || homedir(), '.local', 'share', 'nocturne')
}
