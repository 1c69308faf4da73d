/** Which files and sockets of the host a program in a box sees. Pure: what is on the host is handed in. */
import { isAbsolute, join } from 'node:path'
import type { Keep } from '../config.ts'
import type { BoxView, Kept } from './script.ts'

/** What the view of a box is made from. */
export interface HostLook {
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly uid: number
  readonly directory: string
  /** Ways out that are wanted open. */
  readonly keep: readonly Keep[]
  /** Further files and directories that nobody in the box sees. */
  readonly hide: readonly string[]
  /** The text of /proc/net/unix. */
  readonly unixSockets: string
  /** The text of /etc/nsswitch.conf; null when there is none. */
  readonly nsswitch: string | null
  /** Where a path leads when all links are followed, also when nothing is there. */
  realPath(path: string): string
  /** What is at a path itself: a link is a link. Null when there is nothing. */
  kindOf(path: string): Kept['kind'] | null
  /** Where a link leads. */
  linkOf(path: string): string
}

/**
 * Directories that are empty in the box. /run has the sockets of services (D-Bus, nscd, resolvers, agents, databases,
 * tor's control port); /tmp has those of people (X, tmux, ssh-agent), and a name in it that outlives the box would tie
 * two identities together.
 */
const HIDDEN = ['/run', '/tmp'] as const

/** Programs live here on NixOS; there is nothing without them. */
const SYSTEM_LINKS = ['/run/current-system', '/run/booted-system', '/run/opengl-driver', '/run/wrappers'] as const

/** Variables that name a socket that is hidden, a proxy that can't be reached, or where we are logged in from. */
const VARIABLES = [
  'SSH_CONNECTION',
  'SSH_CLIENT',
  'SSH_TTY',
  'SESSION_MANAGER',
  'NOTIFY_SOCKET',
  'JOURNAL_STREAM',
  'TMUX',
  'TMUX_PANE',
  'STY',
  'http_proxy',
  'https_proxy',
  'ftp_proxy',
  'all_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
] as const

/** A way out that may be kept: the variables that name it, and where its sockets are. */
interface Way {
  readonly variables: readonly string[]
  paths(env: HostLook['env'], runtime: string): readonly (string | undefined)[]
}

const WAYS: Readonly<Record<Keep, Way>> = {
  dbus: {
    variables: ['DBUS_SESSION_BUS_ADDRESS', 'DBUS_SYSTEM_BUS_ADDRESS'],
    paths: (env, runtime) => [
      ...busPaths(env['DBUS_SESSION_BUS_ADDRESS'] ?? `unix:path=${runtime}/bus`),
      ...busPaths(env['DBUS_SYSTEM_BUS_ADDRESS'] ?? 'unix:path=/run/dbus/system_bus_socket'),
    ],
  },
  x11: {
    variables: ['DISPLAY', 'XAUTHORITY'],
    paths: (env) => [displaySocket(env['DISPLAY'] ?? ''), env['XAUTHORITY']],
  },
  wayland: {
    variables: ['WAYLAND_DISPLAY'],
    paths: ({ WAYLAND_DISPLAY: name = 'wayland-0' }, runtime) => [isAbsolute(name) ? name : join(runtime, name)],
  },
  audio: {
    variables: ['PULSE_SERVER', 'PIPEWIRE_REMOTE'],
    paths: (_env, runtime) => [join(runtime, 'pipewire-0'), join(runtime, 'pulse')],
  },
  agents: {
    variables: ['SSH_AUTH_SOCK', 'SSH_AGENT_PID', 'GPG_AGENT_INFO'],
    paths: (env, runtime) => [
      env['SSH_AUTH_SOCK'],
      join(runtime, 'gnupg'),
      join(env['HOME'] ?? '/', '.gnupg/S.gpg-agent'),
    ],
  },
}

/** Variables of the environment that a program in a box does not get. */
export function hiddenVariables(keep: readonly Keep[]): string[] {
  const closed = (Object.keys(WAYS) as Keep[]).filter((way) => !keep.includes(way))
  return [...VARIABLES, ...closed.flatMap((way) => WAYS[way].variables)]
}

/** Names are asked of our resolver only, and the host's own file of names is not shown. */
export const RESOLV_CONF = 'nameserver 127.0.0.1\n'
const HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'

/** What the program sees. */
export function boxView(look: HostLook): BoxView {
  const hidden = hiddenDirectories(look)
  const wanted = wantedPaths(look)
  // Whoever stands in a directory under /tmp works there; /tmp itself is the box's own.
  const here = look.directory.startsWith('/tmp/') ? [look.directory] : []
  const isHidden = (path: string): boolean => isWithin(hidden, path) && !isWithin(here, path)
  const runtime = look.env['XDG_RUNTIME_DIR']
  return {
    hidden,
    kept: [...new Set([...SYSTEM_LINKS, ...wanted, ...here])]
      .filter((path) => isWithin(hidden, path))
      .flatMap((path) => kept(path, look)),
    made: [
      ['/tmp', '1777'],
      ['/run/lock', '1777'],
      ...(runtime !== undefined && isHidden(runtime) ? [[runtime, '700'] as const] : []),
    ],
    sockets: boundSockets(look.unixSockets).filter((path) => !isHidden(path) && !isWithin(wanted, path)),
    files: [
      [look.realPath('/etc/resolv.conf'), RESOLV_CONF],
      [look.realPath('/etc/hosts'), HOSTS],
      ...(look.nsswitch === null ? [] : [[look.realPath('/etc/nsswitch.conf'), nsswitch(look.nsswitch)] as const]),
      ...look.hide.filter((path) => look.kindOf(path) === 'file').map((path) => [path, ''] as const),
    ],
    variables: hiddenVariables(look.keep),
    directory: look.directory,
  }
}

function isWithin(directories: readonly string[], path: string): boolean {
  return directories.some((directory) => path === directory || path.startsWith(`${directory}/`))
}

/** The sockets of the ways out that are wanted open. */
function wantedPaths({ env, uid, keep }: HostLook): string[] {
  const runtime = env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`
  const paths = keep.flatMap((way) => WAYS[way].paths(env, runtime))
  return paths.filter((path) => path !== undefined && isAbsolute(path)) as string[]
}

function kept(path: string, { kindOf, linkOf }: HostLook): Kept[] {
  const kind = kindOf(path)
  if (kind === null) return []
  return [kind === 'link' ? { path, kind, to: linkOf(path) } : { path, kind }]
}

/** Without those that lie in others: they are not there any more when their turn comes. */
function hiddenDirectories({ hide, kindOf }: HostLook): string[] {
  const all = [...HIDDEN, ...['/var/run', ...hide].filter((path) => kindOf(path) === 'directory')]
  return all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)))
}

/** The sockets of a D-Bus address (D-Bus specification, server addresses): `unix:path=/run/user/1000/bus,guid=...`. */
function busPaths(address: string): string[] {
  return address.split(';').flatMap((one) => /^unix:(?:.*,)?path=([^,]+)/.exec(one)?.[1] ?? [])
}

/** The socket of `:0` or `unix:0.0`; displays over TCP (ssh -X) have none. */
function displaySocket(display: string): string {
  const number = /^(?:unix)?:(\d+)/.exec(display)?.[1]
  return number === undefined ? '' : `/tmp/.X11-unix/X${number}`
}

/** Absolute paths of all sockets that somebody can be reached at (proc_net_unix: path is the eighth field). */
export function boundSockets(text: string): string[] {
  const paths = text.split('\n').flatMap((line) => /^(?:\S+ +){6}\d+ (\/.*)$/.exec(line)?.[1] ?? [])
  return [...new Set(paths)]
}

/** Only files and name servers are asked for hosts: other modules talk to daemons that resolve outside of the box. */
export function nsswitch(text: string): string {
  const lines = text.split('\n').filter((line) => !/^\s*hosts\s*:/.test(line))
  return ['hosts: files dns', ...lines].join('\n')
}
