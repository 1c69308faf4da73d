/** The boxes of ordinary users that run now: list them, join them, stop them, give them another identity. */
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NocError, exitCode } from '#core/errors.ts'
import { startSession } from '#core/host/session.ts'
import { childrenOf } from '../root/processes.ts'
import { signal } from '../root/stop.ts'
import { findUser, userEnvironment } from '../root/users.ts'
import { askBox, boxesDirectory, recordedNames } from './control.ts'
import { findTools } from './host.ts'
import { joinCommand } from './join.ts'
import { hiddenVariables } from './view.ts'
import type { BoxRequest, UserBoxStatus } from './wire.ts'

/** Milliseconds until a box that was told to stop is gone: its grace, and the time to clear away. */
const STOP_MS = 5000
const LOOK_MS = 50

interface Found {
  readonly directory: string
  readonly box: UserBoxStatus
}

/** All boxes of this user, the oldest first; of all users when root asks. Dead ones are forgotten on the way. */
export async function listUserBoxes(env: Readonly<NodeJS.ProcessEnv> = process.env): Promise<UserBoxStatus[]> {
  return (await findBoxes(env)).map(({ box }) => box).toSorted((a, b) => a.since - b.since)
}

/** Runs another program in a box with our terminal, and gives its exit status as shells count. */
export async function joinUserBox(
  name: string,
  argv: readonly string[],
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<number> {
  const { anchor, keep, uid, gid } = (await findBox(name, env)).box
  const [init] = childrenOf(anchor)
  if (init === undefined || spaceOf(anchor, 'net') === spaceOf('self', 'net')) throw notThere(name)
  const switchUser = uid !== process.getuid?.()
  const command = joinCommand({
    tools: findTools(env['PATH'] ?? ''),
    entrance: { anchor, uid, gid, switchUser },
    init,
    apart: spaceOf(anchor, 'ipc') !== spaceOf('self', 'ipc'),
    directory: process.cwd(),
    argv,
  })
  const hidden = hiddenVariables(keep)
  const own = switchUser ? userEnvironment(env, await findUser(String(uid))) : env
  const rest = Object.entries(own).filter(([variable]) => !hidden.includes(variable))
  const session = await startSession(command, {
    env: { ...Object.fromEntries(rest), NOC_TORBOX: name },
    // A shell waits outside for the program, which is its only child.
    onSignal: (sent) => childrenOf(session.pid).forEach((pid) => signal(pid, sent)),
  })
  return session.ended
}

/** Ends a box: its program gets a signal to end, and what is left after two seconds is killed. */
export async function stopUserBox(name: string, env: Readonly<NodeJS.ProcessEnv> = process.env): Promise<void> {
  const { directory } = await findBox(name, env)
  const late = performance.now() + STOP_MS
  await askBox(directory, name, 'stop')
  while ((await askBox(directory, name, 'status')) !== undefined) {
    if (performance.now() > late) throw new NocError('NOC_TORBOX_STOP', `The box ${name} does not end.`)
    await setTimeout(LOOK_MS)
  }
}

/** Other circuits for whatever a box connects from now on; what is open stays. Gives the box as it is then. */
export async function newIdentity(
  name: string,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<UserBoxStatus> {
  const { directory } = await findBox(name, env)
  return (await ask(directory, name, 'new-identity')) ?? Promise.reject(notThere(name))
}

async function findBox(name: string, env: Readonly<NodeJS.ProcessEnv>): Promise<Found> {
  const found = (await findBoxes(env)).find(({ box }) => box.name === name)
  if (found === undefined) throw notThere(name)
  return found
}

function notThere(name: string): NocError {
  return new NocError('NOC_TORBOX_NONE', `There is no box named ${name}.`, {
    hint: '`noc torbox ls` shows those that run.',
    exit: exitCode.usage,
  })
}

async function findBoxes(env: Readonly<NodeJS.ProcessEnv>): Promise<Found[]> {
  const asked = directories(env).flatMap((directory) =>
    recordedNames(directory).map(async (name) => ({ directory, box: await ask(directory, name, 'status') })),
  )
  return (await Promise.all(asked)).filter((one): one is Found => one.box !== null)
}

/** Our own first: what another user calls by the same name does not hide it. */
function directories(env: Readonly<NodeJS.ProcessEnv>): string[] {
  const uid = process.getuid?.() ?? 0
  const own = boxesDirectory(env, uid)
  if (uid !== 0) return [own]
  const others = [
    '/run/nocturne/boxes',
    ...entries('/run/user').map((user) => join('/run/user', user, 'nocturne/boxes')),
    ...entries('/tmp').flatMap((entry) => (/^nocturne-\d+$/.test(entry) ? [join('/tmp', entry, 'boxes')] : [])),
  ]
  return [...new Set([own, ...others])]
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** A box's answer, of which only what its owner can't make up is believed when root asks. */
async function ask(directory: string, name: string, request: BoxRequest): Promise<UserBoxStatus | null> {
  const answer = await askBox(directory, name, request)
  if (!isStatus(answer)) return null
  const owner = ownerOf(join(directory, `${name}.sock`))
  const ids = idsOf(answer.anchor)
  // Root may keep a box for somebody else.
  return ids === null || (owner !== ids.uid && owner !== 0) ? null : { ...answer, name, ...ids }
}

function ownerOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.uid ?? null
}

/** Who a process is: proc_pid_status(5). */
function idsOf(pid: number): { readonly uid: number; readonly gid: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    return { uid: Number(/^Uid:\t(\d+)/m.exec(text)?.[1]), gid: Number(/^Gid:\t(\d+)/m.exec(text)?.[1]) }
  } catch {
    return null
  }
}

function isStatus(value: unknown): value is UserBoxStatus {
  if (typeof value !== 'object' || value === null) return false
  const { kind, anchor, since, argv, keep, socksUser, traffic } = value as Partial<Record<keyof UserBoxStatus, unknown>>
  const texts = [argv, keep].every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string'))
  const open = typeof traffic === 'object' && traffic !== null && 'open' in traffic && Array.isArray(traffic.open)
  return (
    kind === 'user' &&
    Number.isInteger(anchor) &&
    Number.isFinite(since) &&
    typeof socksUser === 'string' &&
    texts &&
    open
  )
}

function spaceOf(pid: number | 'self', kind: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return null
  }
}
