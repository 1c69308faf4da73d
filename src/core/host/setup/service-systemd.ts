/** Services as units of systemd. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { NocError } from '../../errors.ts'
import { pathOn, readText, removeFile, replaceFile, tidyFile } from './files.ts'
import { NETNS_DIRECTORY, inside, must } from './host.ts'
import type { Between, Host, ServiceParams } from './types.ts'

/** A unit; `unit` is the text of our own unit file, null when there is none or a package brought it. */
export type UnitState = {
  readonly manager: 'systemd'
  readonly unit: string | null
  readonly enabled: boolean
  readonly active: boolean
}

/** Longest time for a start or stop, ms; systemd's own limit for both is 90 s. */
const START_MS = 200_000

const UNITS = '/etc/systemd/system/'

function pathOf({ name }: ServiceParams): string {
  return `${UNITS}${name}.service`
}

/** Whether systemd runs here (sd_booted(3)). */
export function systemdRuns(host: Host): boolean {
  return existsSync(pathOn(host, '/run/systemd/system'))
}

/** Changes a file. When it is systemd's, a service is stopped before its file goes, and all files are read again. */
export async function changeUnitFile(host: Host, path: string, to: object | null, change: () => void): Promise<void> {
  const known = path.startsWith(UNITS) && systemdRuns(host)
  // One that ran to its end counts as active; without its file it would stay in the list of units for good.
  if (known && to === null && path.endsWith('.service')) await systemctl(host, 'stop', basename(path))
  change()
  if (known) await systemctl(host, 'daemon-reload')
}

/** One word of ExecStart= (systemd.service(5), COMMAND LINES): specifiers and variables off. */
function quoted(word: string): string {
  const escaped = word.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w/.:=@,+-]+$/.test(word) ? word : `"${escaped}"`
}

function unitText(host: Host, params: ServiceParams, exec: readonly string[]): string {
  const { netns } = inside(host, params)
  return [
    '[Unit]',
    `Description=${params.name} (made by noc)`,
    'After=network.target',
    '',
    '[Service]',
    `ExecStart=${exec.map(quoted).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=always',
    'RestartSec=2',
    ...(params.user === undefined ? [] : [`User=${params.user}`]),
    ...(netns === null ? [] : [`NetworkNamespacePath=${NETNS_DIRECTORY}/${netns}`]),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n')
}

/** How systemd sees it. */
export async function read(host: Host, params: ServiceParams): Promise<UnitState> {
  const enabled = await host.run(['systemctl', 'is-enabled', params.name])
  const active = await host.run(['systemctl', 'is-active', params.name])
  // 3 and 4: it is not active, it is not known (systemctl(1)).
  if (![0, 3, 4].includes(active.code)) {
    throw new NocError('NOC_SETUP_SYSTEMD', `systemctl can't tell about ${params.name}: ${active.err.trim()}`)
  }
  return {
    manager: 'systemd',
    unit: params.exec ? readText(host, pathOf(params)) : null,
    // 0 for static and generated units too: others start them, there is nothing to enable (systemctl(1)).
    enabled: enabled.code === 0,
    active: /^(active|activating|reloading)$/.test(active.out.trim()),
  }
}

/** Enabled and active, with our own unit file when it is our own program. */
export function want(host: Host, params: ServiceParams): UnitState {
  const unit = params.exec ? unitText(host, params, params.exec) : null
  return { manager: 'systemd', unit, enabled: true, active: true }
}

function systemctl(host: Host, ...words: readonly string[]): Promise<string> {
  return must(host, ['systemctl', ...words], { timeoutMs: START_MS })
}

/** Stops before it takes the unit file away, and starts after it is there; leaves it with its present configuration. */
export async function write(host: Host, params: ServiceParams, to: UnitState, from: UnitState): Promise<void> {
  const { name, exec } = params
  if (from.active && !to.active) await systemctl(host, 'stop', name)
  if (from.enabled && !to.enabled) await systemctl(host, 'disable', name)
  const rewritten = exec !== undefined && to.unit !== from.unit
  if (rewritten) {
    if (to.unit === null) removeFile(host, pathOf(params))
    else replaceFile(host, pathOf(params), { content: to.unit, mode: 0o644, owner: null })
    await systemctl(host, 'daemon-reload')
    // A unit without a file is remembered while it counts as failed; that it doesn't is no error.
    if (to.unit === null) await host.run(['systemctl', 'reset-failed', name])
  }
  if (to.enabled && !from.enabled) await systemctl(host, 'enable', name)
  if (to.active)
    await systemctl(host, from.active && rewritten ? 'restart' : from.active ? 'reload-or-restart' : 'start', name)
}

/** Removes what a killed write may have left beside the unit file. */
export async function tidy(host: Host, params: ServiceParams): Promise<void> {
  if (params.exec) tidyFile(host, pathOf(params))
}

/** Reloads or restarts it; false when it doesn't run. */
export async function reload(host: Host, { name, onNotify }: ServiceParams): Promise<boolean> {
  const { out } = await host.run(['systemctl', 'is-active', name])
  if (out.trim() !== 'active') return false
  await systemctl(host, onNotify === 'restart' ? 'restart' : 'reload-or-restart', name)
  return true
}

/** Started, stopped or half installed: ours while the unit file is. */
export function between(now: UnitState, before: UnitState, after: UnitState): Between {
  return now.unit === before.unit || now.unit === after.unit ? 'ours' : 'foreign'
}
