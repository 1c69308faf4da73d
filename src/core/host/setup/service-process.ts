/** Services where no systemd runs: a shell that starts the program again when it ends, and its pid in a file. */
import { mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NocError, systemErrorCode } from '../../errors.ts'
import { pathOn } from './files.ts'
import { fileTrouble, inside, must } from './host.ts'
import { findOwner } from './owners.ts'
import type { Between, Host, ServiceParams } from './types.ts'

/** What our shell runs; null: it doesn't run. */
export type ProcessState = { readonly manager: 'process'; readonly command: readonly string[] | null }

/** Holds a folder for every service: `pid` and `log`, the output since its last start. */
const FOLDER = '/run/noc-services'
/** How long a program may take to end after SIGTERM, and how often we look, ms. */
const STOP_MS = 15_000
const LOOK_MS = 50

/**
 * $1 is the service's folder, the rest the command. A second one (of a start that was cut short and went on, beside the
 * one that was made after it) finds the file with the pid locked and has nothing to do here, nor has one whose file is
 * gone or another's by now. `wait` returns early when a signal is trapped, hence the inner loop. A shell that is killed
 * takes the program with it (setpriv --pdeathsig). Who sees the pid sees no log of the start before.
 */
const SUPERVISOR = `
dir=$1; shift; child=
trap 'trap - TERM; [ -n "$child" ] && kill -TERM "$child" && wait "$child"; exit 0' TERM
trap '[ -n "$child" ] && kill -HUP "$child"' HUP
exec 9<>"$dir/pid" && flock --nonblock 9 || exit 0
: >"$dir/log"
echo $$ >"$dir/pid"
while [ "$(cat "$dir/pid" 2>/dev/null)" = $$ ]; do
  "$@" >"$dir/log" 2>&1 </dev/null 9>&- & child=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  sleep 2 9>&- & child=$!; wait "$child"; child=
done
`
/** Starts the supervisor in a session of its own and returns when one has said who it is; $1 is the folder. */
const START = `
dir=$1
setsid --fork sh -c "$0" noc-service "$@" >/dev/null 2>&1 </dev/null
while [ -d "$dir" ] && ! grep -qs noc-service "/proc/$(cat "$dir/pid" 2>/dev/null)/cmdline"; do sleep 0.02; done
`

function folderOf(host: Host, { name }: ServiceParams): string {
  return pathOn(host, `${FOLDER}/${name}`)
}

/** The command line of the program with what starts it: as which user, and that it dies with its supervisor. */
function commandOf(host: Host, { exec = [], user }: ServiceParams): readonly string[] {
  if (user === undefined) return ['setpriv', '--pdeathsig', 'TERM', ...exec]
  // A user that comes with an earlier step has no number yet.
  const { uid, gid } = findOwner(host, `${user}:${user}`) ?? { uid: user, gid: user }
  // Further groups are known only to the machine's own user database.
  const groups = host.root === '' ? '--init-groups' : '--clear-groups'
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, groups, '--pdeathsig', 'TERM', ...exec]
}

/** The supervisor's pid and what it runs; a pid that belongs to another program by now counts as none. */
function running(
  host: Host,
  params: ServiceParams,
): { readonly pid: number; readonly command: readonly string[] } | null {
  try {
    const pid = Number(readFileSync(join(folderOf(host, params), 'pid'), 'utf8'))
    if (!Number.isInteger(pid) || pid < 2) return null
    const [, , , mark, folder, ...command] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    return mark === 'noc-service' && folder === folderOf(host, params) ? { pid, command } : null
  } catch (error) {
    // ESRCH: it ended while we read.
    if (['ENOENT', 'ENOTDIR', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return null
    throw fileTrouble(error, params.name)
  }
}

/** Whether it runs, and what. */
export async function read(host: Host, params: ServiceParams): Promise<ProcessState> {
  return { manager: 'process', command: running(host, params)?.command ?? null }
}

/** That it runs. */
export function want(host: Host, params: ServiceParams): ProcessState {
  return { manager: 'process', command: commandOf(host, params) }
}

async function start(host: Host, params: ServiceParams, command: readonly string[]): Promise<void> {
  const folder = folderOf(host, params)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
  } catch (error) {
    throw fileTrouble(error, folder)
  }
  await must(host, ['sh', '-c', START, SUPERVISOR, folder, ...command], inside(host, params))
}

async function stop(host: Host, params: ServiceParams): Promise<void> {
  const found = running(host, params)
  if (found === null) return
  signal(found.pid, 'SIGTERM')
  const until = performance.now() + STOP_MS
  while (running(host, params)?.pid === found.pid) {
    // The supervisor leads its process group.
    if (performance.now() > until) signal(-found.pid, 'SIGKILL')
    await setTimeout(LOOK_MS)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return
    throw new NocError('NOC_SETUP_PERMISSION', `This user may not stop process ${pid}.`, { cause: error })
  }
}

/** Stops what runs, starts what shall. */
export async function write(host: Host, params: ServiceParams, to: ProcessState): Promise<void> {
  await stop(host, params)
  if (to.command === null) await tidy(host, params)
  else await start(host, params, to.command)
}

/** Removes the service's folder, and the one above it with the last service, when nothing runs. */
export async function tidy(host: Host, params: ServiceParams): Promise<void> {
  if (running(host, params) !== null) return
  const above = pathOn(host, FOLDER)
  try {
    rmSync(folderOf(host, params), { recursive: true, force: true })
    if (readdirSync(above).length === 0) rmdirSync(above)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw fileTrouble(error, above)
  }
}

/** SIGHUP, or a restart; false when it doesn't run. */
export async function reload(host: Host, params: ServiceParams): Promise<boolean> {
  const found = running(host, params)
  if (found === null) return false
  if (params.onNotify === 'restart') await write(host, params, { manager: 'process', command: found.command })
  else signal(found.pid, 'SIGHUP')
  return true
}

/** A program that ended, whoever stopped it, is ours to put back; one that runs otherwise than we said is not. */
export function between(now: ProcessState): Between {
  return now.command === null ? 'ours' : 'foreign'
}
