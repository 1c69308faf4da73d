/** How a box is built, as the shell script that becomes its process 1. Pure: the plan says everything. */
import { dirname } from 'node:path/posix'
import { OWN_V4, OWN_V6 } from './addresses.ts'
import { offerProgram } from './offer.ts'
import { boxRules } from './rules.ts'

/** A place outside that stays visible inside a hidden directory. */
export interface Kept {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  /** Where a link leads. */
  readonly to?: string
}

/** The files of the host as the box sees them. */
export interface BoxView {
  /** Directories that are empty in the box but for what is kept; absolute, without links. */
  readonly hidden: readonly string[]
  readonly kept: readonly Kept[]
  /** Directories to make inside hidden ones, with their modes in octal. */
  readonly made: readonly (readonly [path: string, mode: string])[]
  /** Sockets elsewhere that nobody in the box may reach. */
  readonly sockets: readonly string[]
  /** Files that have another content in the box. */
  readonly files: readonly (readonly [path: string, content: string])[]
  /** Environment variables that are taken away. */
  readonly variables: readonly string[]
  readonly directory: string
}

/** Programs by their path. */
export type Tools = Readonly<Record<'unshare' | 'setpriv' | 'nsenter' | 'sh' | 'mount' | 'ip' | 'nft', string>>

/** All that a box is made of. */
export interface BoxPlan {
  readonly name: string
  readonly tools: Tools
  /** This Node, which opens the listening sockets. */
  readonly node: string
  readonly uid: number
  readonly gid: number
  /** Set when the box is another user's than ours: root only. */
  readonly switchUser: boolean
  readonly view: BoxView
  readonly argv: readonly string[]
}

/** The word on the box's error pipe that separates what building it said from the program's own life. */
export const STARTED = 'noc-box-started'

/** The environment variable that brings the script into the box: as an argument it would fill every list of processes. */
export const SCRIPT = 'NOC_BOX_SCRIPT'

/**
 * The command that builds the box and runs the program. Everything is a chain of exec, so this process is the parent
 * of the box's process 1: it dies with us (the parent's death signal) and takes the box with it (--kill-child).
 */
export function boxCommand(plan: BoxPlan): string[] {
  const { tools, uid, gid, view } = plan
  const user = plan.switchUser ? becoming(uid, gid) : []
  // An X client shares memory with its server and shows it a cookie for this host's name.
  const apart = view.variables.includes('DISPLAY') ? ['--ipc', '--uts'] : []
  const namespaces = ['--user', '--map-root-user', '--net', '--mount', '--pid', ...apart, '--fork', '--kill-child']
  const unshare = [tools.unshare, ...namespaces, '--']
  const build = [tools.sh, '-c', `eval "$${SCRIPT}"`, 'noc-box', ...plan.argv]
  return [tools.setpriv, ...user, '--pdeathsig=KILL', '--', ...unshare, ...build]
}

/** One word of the shell, whatever it holds. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Staging area: something that exists everywhere and gets its real content last. */
const STAGE = '/sys'

/** The script that `boxCommand` expects in its environment. */
export function boxScript(plan: BoxPlan): string {
  const { tools, view } = plan
  // Without a table of mounts in /run, which is the box's own and stays empty.
  const mount = `${quote(tools.mount)} -n`
  return [
    'set -e',
    `${quote(tools.ip)} -batch - <<'END'`,
    'link set lo up',
    `address add ${OWN_V4}/32 dev lo`,
    `route add local default dev lo src ${OWN_V4}`,
    'END',
    // Where IPv6 is switched off there is none in the box either.
    `${quote(tools.ip)} -batch - 2>/dev/null <<'END' || :`,
    `address add ${OWN_V6}/128 dev lo nodad`,
    `route add local ::/0 dev lo src ${OWN_V6}`,
    'END',
    `NODE_OPTIONS= ${quote(plan.node)} -e ${quote(offerProgram)} </dev/null >&2 & offer=$!`,
    `${quote(tools.nft)} -f - <<'END'`,
    `${boxRules()}END`,
    ...mounts(view, mount),
    `unset ${SCRIPT} NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE`,
    // In its own UTS namespace; without one it is not permitted, and the host keeps its name.
    'hostname localhost 2>/dev/null || :',
    `export NOC_TORBOX=${quote(plan.name)}`,
    // The old directory would still be that of the host, with everything around it that is hidden.
    `cd ${quote(view.directory)} 2>/dev/null || cd /`,
    'wait $offer',
    `exec ${intoUser(plan)} "$@" 3>&-`,
  ].join('\n')
}

function mounts(view: BoxView, mount: string): string[] {
  const isHidden = (path: string): boolean => view.hidden.some((directory) => path.startsWith(`${directory}/`))
  // A file in a hidden directory is simply made there, any other is covered by one from beside them.
  const files = view.files.map(([path, content], index) => ({
    path,
    content,
    at: isHidden(path) ? path : `/files/${index}`,
  }))
  const directories = [
    ...view.hidden,
    ...view.made.map(([path]) => path),
    ...view.kept.map(({ path, kind }) => (kind === 'directory' ? path : dirname(path))),
    ...files.map(({ at }) => dirname(at)),
  ]
  return [
    `${mount} -t tmpfs -o mode=755 noc-box ${STAGE}`,
    `mkdir -p ${[...new Set(directories)].map(staged).join(' ')}`,
    ...view.made.map(([path, mode]) => `chmod ${mode} ${staged(path)}`),
    ...view.kept.flatMap((kept) => keep(kept, mount)),
    ...files.map(({ at, content }) => `printf %s ${quote(content)} > ${staged(at)}`),
    ...view.hidden.map((path) => `${mount} --rbind ${staged(path)} ${quote(path)}`),
    ...files
      .filter(({ path }) => !isHidden(path))
      .map(({ path, at }) => `[ ! -e ${quote(path)} ] || ${mount} --bind ${staged(at)} ${quote(path)}`),
    // Somebody's socket that we can't see can't be reached by the program either.
    ...view.sockets.map((path) => `[ ! -S ${quote(path)} ] || ${mount} --bind /dev/null ${quote(path)}`),
    `${mount} -t proc -o nosuid,nodev,noexec proc /proc`,
    // Other addresses and names of network interfaces than the box's own would tell which host this is.
    `${mount} -t sysfs -o ro,nosuid,nodev,noexec sysfs ${STAGE} 2>/dev/null || ${mount} -t tmpfs -o ro noc-box ${STAGE}`,
  ]
}

function staged(path: string): string {
  return quote(`${STAGE}${path}`)
}

function keep({ path, kind, to = '' }: Kept, mount: string): string[] {
  if (kind === 'link') return [`ln -s ${quote(to)} ${staged(path)}`]
  const make = kind === 'directory' ? [] : [`: > ${staged(path)}`]
  return [...make, `${mount} --rbind ${quote(path)} ${staged(path)}`]
}

/**
 * The last step: an own user namespace inside that of the box, with the user's own number and no right over the box's
 * network and mounts, whatever the program becomes. The shell is process 1: it reaps what others leave behind.
 */
function intoUser({ tools, uid, gid }: BoxPlan): string {
  // A trap that does nothing: the terminal's interrupt is the program's to answer, and must not end its process 1.
  const init = `trap : INT; echo ${STARTED} >&2; exec 2>&4 4>&-; "$@"; exit $?`
  const unshare = [tools.unshare, '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--']
  const program = [tools.setpriv, ...withoutRights(uid), '--']
  return [...unshare, tools.sh, '-c', init, 'noc-init', ...program].map(quote).join(' ')
}

/** Flags of setpriv, so that no set-uid file gives a program rights, nor being root inside its namespace. */
export function withoutRights(uid: number): string[] {
  return ['--no-new-privs', ...(uid === 0 ? ['--inh-caps=-all', '--bounding-set=-all'] : [])]
}

/** Flags of setpriv to become another user. */
export function becoming(uid: number, gid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups']
}
