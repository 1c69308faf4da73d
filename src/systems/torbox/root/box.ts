/** A box of root's: made of a directory, a chain of programs that unshares and mounts, and a cable to the bridge. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import type { Keep, TorboxConfig } from '../config.ts'
import { networkOf } from '../rules.ts'
import type { BoxView } from '../user/script.ts'
import { dotted, seats, type Seat } from './network.ts'
import { processOf, type ProcessId } from './processes.ts'
import type { Registry, RootBox } from './records.ts'
import { type StageEntry, stage } from './stage.ts'
import { type BoxUser, asFirejailUser, asUser } from './users.ts'

/** What somebody wants to run. */
export interface BoxWish {
  readonly name: string
  /** A taken name gets a number instead of being refused. */
  readonly numbered: boolean
  readonly command: readonly string[]
  readonly user: BoxUser
  readonly firejail: boolean
  readonly keep: readonly Keep[]
  readonly view: BoxView
  /** ms since 1970. */
  readonly now: number
}

/** A box with a directory and a seat, but without a process; `argv` starts it and ends with its program. */
export interface PreparedBox {
  readonly box: RootBox
  readonly argv: readonly string[]
}

/** Exit code of a box that could not be made; what failed has said why. */
export const NOT_MADE = 125

/**
 * The box's first process: $1 is its directory, $2 our pid. It is in new namespaces, but /proc is still the host's: so
 * it can say who it is there, and reach our network namespace to lay the cable between the two ("netns 1" is itself).
 * It stays to reap what the program leaves behind, and everything in the box ends with it. Firejail does nothing where
 * it sees no kernel thread, as it believes to be in a sandbox then: so it gets something of that name to see.
 */
const INIT = `
dir=$1 host=$2 apart=$3 path=\${PATH:-/usr/bin:/bin}; shift 3
PATH=/usr/sbin:/usr/bin:/sbin:/bin
read -r stat </proc/self/stat; echo "$stat" >"$dir/init"
[ ! -e "$dir/kthreadd" ] || "$dir/kthreadd" infinity </dev/null >/dev/null 2>&1 &
exec 3>"$dir/ready"
[ ! -e /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
[ "$apart" = no ] || echo localhost >/proc/sys/kernel/hostname
# Sockets come and go; what counts is that none is left.
[ ! -s "$dir/covers" ] || mount --all --fstab "$dir/covers" 2>/dev/null
while IFS= read -r socket; do
  [ ! -S "$socket" ] || { echo "The socket $socket can't be covered." >&2; exit ${NOT_MADE}; }
done <"$dir/sockets"
nsenter --net="/proc/$host/ns/net" ip -batch "$dir/plug" && ip -batch "$dir/net" &&
  mount -t tmpfs -o mode=755 noc "$dir/stage" && cp -a "$dir/skeleton/." "$dir/stage/" &&
  mount --all --fstab "$dir/mounts" || exit ${NOT_MADE}
echo ready >&3; exec 3>&-
# The old directory would still be the host's, with all that is hidden around it.
cd "$PWD" 2>/dev/null || cd /
# What a shell says when its program is killed is nobody's business; the program has its standard error.
exec 3>&2 2>/dev/null
# Ctrl-C is for the program: a shell without a trap would end with it, and the box with the shell.
trap : INT
PATH=$path
(exec "$@" 2>&3 3>&-)
exit $?
`
/** An X client shares memory with its server and shows it a cookie for this host's name. */
function ownName(keep: readonly Keep[]): boolean {
  return !keep.includes('x11')
}

function namespaces(keep: readonly Keep[]): readonly string[] {
  return ['--net', '--mount', '--pid', ...(ownName(keep) ? ['--ipc', '--uts'] : [])]
}

/** Writes down a new box and all that its first process needs. */
export function prepareBox(config: TorboxConfig, registry: Registry, wish: BoxWish): PreparedBox {
  const { name, user, command, firejail, keep, now: since } = wish
  const record = { name, user: user.name, command, firejail, keep, since, starter: ourselves() }
  const box = registry.claim(record, allSeats(config), wish.numbered)
  // What the box is to see must not depend on the umask, which its program gets as it is.
  const umask = process.umask(0o022)
  try {
    writeFiles(config, box, wish)
  } finally {
    process.umask(umask)
  }
  // A death signal on every step: whoever kills us, even with SIGKILL, ends the box.
  const apart = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...namespaces(keep), '--fork', '--kill-child']
  const init = ['sh', '-c', INIT, 'noc-box', box.directory, String(process.pid), ownName(keep) ? 'yes' : 'no']
  return { box, argv: [...apart, ...init, ...program(wish)] }
}

function writeFiles(config: TorboxConfig, { directory, seat }: RootBox, { view, user, firejail }: BoxWish): void {
  const at = (name: string): string => join(directory, name)
  const { entries, fstab, covers } = stage(view, at('stage'))
  for (const folder of ['stage', 'skeleton']) mkdirSync(at(folder))
  for (const entry of entries) put(at('skeleton'), entry, user)
  writeFileSync(at('plug'), plug(config, seat))
  writeFileSync(at('net'), `link set lo up\n${address(config, seat)}`)
  writeFileSync(at('mounts'), fstab)
  writeFileSync(at('covers'), covers)
  writeFileSync(at('sockets'), view.sockets.map((path) => `${path}\n`).join(''))
  if (firejail) symlinkSync('/bin/sleep', at('kthreadd'))
}

function program({ firejail, user, command }: Pick<BoxWish, 'firejail' | 'user' | 'command'>): readonly string[] {
  return [...(firejail ? asFirejailUser(user) : asUser(user)), ...command]
}

/** This process; it is alive. */
export function ourselves(): ProcessId {
  const own = processOf(process.pid)
  if (own === null) throw new Error('/proc is not of this process namespace')
  return own
}

/** All seats of the configured bridge. */
export function allSeats(config: TorboxConfig): readonly Seat[] {
  return seats(config.bridge, networkOf(config))
}

/**
 * Lays the cable; for ip -batch on the host's side. Without a hardware address of its own, derived from its IPv4
 * address here, a bridge takes that of some port: it would change under the other boxes when one comes or goes.
 */
function plug({ bridge, address: own }: TorboxConfig, { port }: Seat): string {
  const bytes = (own.split('/')[0] ?? '').split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  return [
    `link set ${bridge} address 02:6e:${bytes.join(':')}`,
    `link add ${port} type veth peer name eth0 netns 1`,
    `link set ${port} master ${bridge} up`,
    `link set ${port} type bridge_slave isolated on`,
    '',
  ].join('\n')
}

/** Gives the box its address; for ip -batch in the box. */
export function address(config: TorboxConfig, seat: Seat): string {
  const { address: host, prefix } = networkOf(config)
  return [
    `address add ${seat.address}/${prefix} dev eth0`,
    'link set eth0 up',
    `route add default via ${dotted(host)}`,
    '',
  ].join('\n')
}

function put(base: string, entry: StageEntry, { uid, gid }: BoxUser): void {
  const path = join(base, entry.path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if (entry.kind === 'link') return symlinkSync(entry.to, path)
  if (entry.kind === 'file') return writeFileSync(path, entry.content, { mode: 0o644 })
  mkdirSync(path, { recursive: true })
  chmodSync(path, entry.mode)
  if (entry.owned) chownSync(path, uid, gid)
}

/** Whether the box of this directory was made as a whole. */
export function wasMade({ directory }: RootBox): boolean {
  try {
    return readFileSync(join(directory, 'ready'), 'utf8') !== ''
  } catch {
    return false
  }
}

/** What to run to be in a box that runs: another program beside its own. */
export function enter(box: RootBox, user: BoxUser, command: readonly string[]): readonly string[] {
  const { pid } = initOf(box)
  const directory = existsSync(`/proc/${pid}/root${process.cwd()}`) ? process.cwd() : '/'
  const where = ['--target', String(pid), ...namespaces(box.keep), `--wdns=${directory}`]
  const inner = program({ firejail: box.firejail, user, command })
  return ['setpriv', '--pdeathsig', 'KILL', 'nsenter', ...where, '--', ...inner]
}

/** The first process of a box that runs. */
export function initOf(box: RootBox): ProcessId {
  if (box.state === 'running' && box.init !== null) return box.init
  throw new NocError('NOC_TORBOX_NOT_RUNNING', `The box ${box.name} does not run (any more).`, {
    hint: `\`noc torbox stop ${box.name}\` clears it away.`,
  })
}

const IP_LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 } as const

/** Clears away boxes whose noc was killed: the kernel has ended their processes, this takes the rest. */
export async function clearStale(registry: Registry): Promise<readonly RootBox[]> {
  const gone = registry.list().filter(({ state }) => state === 'stale')
  for (const box of gone) await clear(registry, box)
  registry.sweep()
  return gone
}

/** Forgets a box that has ended, with its cable; it may have moved since we looked. */
export async function clear(registry: Registry, box: RootBox): Promise<void> {
  const now = registry.find(box.name)
  if (now?.starter.pid !== box.starter.pid) return
  const { port } = now.seat
  // It goes with the box's network namespace, a moment after the last process.
  if (existsSync(`/sys/class/net/${port}`)) {
    await run(['ip', 'link', 'delete', port], IP_LIMITS)
  }
  registry.release(box)
}
