/** How to get into a box that runs. Pure: the numbers of its processes are handed in. */
import { TABLE } from './rules.ts'
import { type Tools, becoming, withoutRights } from './script.ts'

/** Where a box's namespaces are found, and whose they are. */
export interface BoxEntrance {
  /** Outside of the box's process namespace, in all of its others. */
  readonly anchor: number
  readonly uid: number
  readonly gid: number
  /** Set when root enters another user's box: it is done as that user. */
  readonly switchUser: boolean
}

/** Who wants to run what in a box. */
export interface JoinPlan {
  readonly tools: Tools
  readonly entrance: BoxEntrance
  /** The box's process 1. */
  readonly init: number
  /** Whether the box has its own IPC and host name. */
  readonly apart: boolean
  readonly directory: string
  readonly argv: readonly string[]
}

function namespace(pid: number, name: string, file: string = name): string {
  return `--${name}=/proc/${pid}/ns/${file}`
}

/** Enters namespaces as the box's owner, who is root in the box's user namespace and so may. */
function enter(tools: Tools, { uid, gid, switchUser }: BoxEntrance, spaces: readonly string[]): string[] {
  const user = switchUser ? becoming(uid, gid) : []
  const nsenter = [tools.nsenter, '--preserve-credentials', '--no-fork', ...spaces, '--']
  return [tools.setpriv, ...user, '--pdeathsig=KILL', '--', ...nsenter]
}

// The shell is outside of the box's process namespace and its child inside. nsenter would fork, too, but then stops
// itself for good when the terminal stops both (util-linux 2.38).
const WAIT = 'trap : INT; "$@"; exit $?'
const START = 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"'

/**
 * The command that runs a program in the box as if the box had started it: with the same user namespace, so that it
 * may do no more, and so that the two see each other. It ends with us.
 */
export function joinCommand({ tools, entrance, init, apart, directory, argv }: JoinPlan): string[] {
  const { anchor, uid } = entrance
  const spaces = ['user', 'net', ...(apart ? ['ipc', 'uts'] : [])].map((name) => namespace(anchor, name))
  const box = enter(tools, entrance, [...spaces, namespace(anchor, 'mount', 'mnt'), namespace(init, 'pid')])
  const user = [tools.nsenter, '--preserve-credentials', namespace(1, 'user'), '--']
  const rights = [tools.setpriv, '--pdeathsig=KILL', ...withoutRights(uid), '--']
  const program = [tools.sh, '-c', START, 'noc-join', directory, ...argv]
  return [...box, tools.sh, '-c', WAIT, 'noc-join', ...user, ...rights, ...program]
}

/** The command that lists what the guard of a box counted. */
export function guardCommand(tools: Tools, entrance: BoxEntrance): string[] {
  const spaces = ['user', 'net'].map((name) => namespace(entrance.anchor, name))
  return [...enter(tools, entrance, spaces), tools.nft, '-j', 'list', 'table', 'inet', TABLE]
}
