/** `noc torbox run` and `join`: root's boxes here, those of others in `user/`. */
import { basename } from 'node:path'
import type { CommandContext } from '#core/cli/command.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { startSession } from '#core/host/session.ts'
import { KEEPS, type Keep, type TorboxConfig } from './config.ts'
import { NOT_MADE, clear, clearStale, enter, prepareBox, wasMade } from './root/box.ts'
import { childrenOf } from './root/processes.ts'
import { lookSetUp, notSetUp, torReady } from './root/ready.ts'
import { type RootBox, createRegistry } from './root/records.ts'
import { signal } from './root/stop.ts'
import { type BoxUser, findUser, userEnvironment } from './root/users.ts'
import { rootView } from './root/view.ts'
import { findProgram } from './user/host.ts'

/** What `noc torbox run` receives. */
export interface RunInput {
  readonly flags: {
    readonly name: string | undefined
    readonly user: string | undefined
    readonly firejail: boolean
    readonly bare: boolean
    readonly keep: string | undefined
    readonly wait: number | undefined
    readonly quiet: boolean
  }
  readonly args: readonly string[]
}

/** What `noc torbox join` receives. */
export interface JoinInput {
  readonly flags: { readonly user: string | undefined }
  readonly args: readonly string[]
}

/** Exit status of shells for a program that is not there. */
const NOT_FOUND = 127

type Environment = Readonly<Record<string, string | undefined>>

/** `noc torbox run -- CMD`. */
export async function run(input: RunInput, cx: CommandContext): Promise<number> {
  const { flags } = input
  const config = await cx.config<TorboxConfig>()
  const keep = parseKeep(flags.keep, config.keep)
  if (flags.firejail && flags.bare) throw wrong('--firejail and --bare exclude each other.')
  const setUp = isRoot() ? await lookSetUp(config) : null
  if (setUp?.state === 'whole') return runRoot(input, config, keep, cx)
  // Where half of it is missing, a box of another kind would hide that.
  if (setUp?.state === 'broken' || (setUp !== null && flags.firejail)) throw notSetUp(setUp)
  if (flags.firejail) throw wrong('--firejail is for the boxes of root.')
  const { runUser } = await import('./cli-user.ts')
  return runUser(input, config, keep, cx)
}

/** Behind the bridge. */
async function runRoot(
  input: RunInput,
  config: TorboxConfig,
  keep: readonly Keep[],
  cx: CommandContext,
): Promise<number> {
  const { flags, args } = input
  const registry = createRegistry()
  const user = await chosenUser(flags.user, process.env)
  const env = environmentOf(user, process.env)
  checkPrograms(args, flags.firejail, env)
  await clearStale(registry)
  const until = performance.now() + (flags.wait ?? 0) * 1000
  await torReady(config, { until, signal: cx.signal, tell: cx.out.note })
  const view = rootView(config, { env, uid: user.uid, directory: process.cwd(), keep, hide: config.hide })
  const { box, argv } = prepareBox(config, registry, {
    name: flags.name ?? nameFor(args[0] ?? ''),
    numbered: flags.name === undefined,
    command: args,
    user,
    firejail: flags.firejail,
    keep,
    view,
    now: Date.now(),
  })
  if (!flags.quiet) cx.out.note(`Box ${box.name}, behind the bridge at ${box.seat.address}, as ${user.name}.`)
  try {
    const session = await startSession(argv, {
      env: without(env, view.variables, box),
      onSignal: (name) => {
        const init = registry.find(box.name)?.init
        // The first process of a box is deaf to signals: they are for the program.
        if (init) for (const pid of childrenOf(init.pid)) signal(pid, name)
        else session.kill('SIGKILL')
      },
    })
    const code = await session.ended
    if (code === NOT_MADE && !wasMade(box)) throw notMade()
    return code
  } finally {
    await clear(registry, box)
  }
}

/** `noc torbox join NAME -- CMD`. */
export async function join({ flags, args: [name = '', ...command] }: JoinInput, cx: CommandContext): Promise<number> {
  const config = await cx.config<TorboxConfig>()
  if (command.length === 0) throw wrong(`What is to run in it? noc torbox join ${name} -- CMD`)
  const box = isRoot() ? createRegistry().find(name) : null
  if (box === null) {
    if (flags.user !== undefined) throw wrong('--user is for the boxes behind the bridge.')
    const { joinUserBox } = await import('./user/boxes.ts')
    return joinUserBox(name, command)
  }
  const user = await findUser(flags.user ?? box.user)
  const env = environmentOf(user, process.env)
  checkPrograms(command, box.firejail, env)
  const { variables } = rootView(config, { env, uid: user.uid, directory: '/', keep: box.keep, hide: [] })
  const session = await startSession(enter(box, user, command), {
    env: without(env, variables, box),
    // nsenter waits for the program, which is in another process namespace.
    onSignal: (sent) => childrenOf(session.pid).forEach((pid) => signal(pid, sent)),
  })
  return session.ended
}

/** Whether boxes behind the bridge can be made and looked at. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Who runs it: the named one; behind sudo who typed it, as the box is theirs; else we. */
async function chosenUser(named: string | undefined, env: Environment): Promise<BoxUser> {
  return findUser(named ?? env['SUDO_UID'] ?? '0')
}

function environmentOf(user: BoxUser, env: Environment): Environment {
  return user.uid === 0 && env['SUDO_UID'] === undefined ? env : userEnvironment(env, user)
}

function without(env: Environment, variables: readonly string[], box: RootBox): Environment {
  const kept = Object.entries(env).filter(([name]) => !variables.includes(name))
  return { ...Object.fromEntries(kept), NOC_TORBOX: box.name }
}

/** A missing program is told before there is a box. */
function checkPrograms([program = '']: readonly string[], firejail: boolean, env: Environment): void {
  const path = env['PATH'] ?? ''
  if (firejail && findProgram('firejail', path) === null) {
    throw new NocError('NOC_TORBOX_FIREJAIL', 'Firejail is not installed.', { hint: 'apt-get install firejail' })
  }
  if (program.includes('/') || findProgram(program, path) !== null) return
  throw new NocError('NOC_TORBOX_NOT_FOUND', `The program ${program} is not installed.`, { exit: NOT_FOUND })
}

/** The words of --keep and those of the configuration. */
function parseKeep(text: string | undefined, always: readonly Keep[]): readonly Keep[] {
  const words = (text ?? '').split(',').filter((word) => word !== '')
  const unknown = words.find((word) => !KEEPS.some((known) => known === word))
  if (unknown !== undefined) throw wrong(`--keep knows ${KEEPS.join(', ')}; not "${unknown}".`)
  return KEEPS.filter((known) => always.includes(known) || words.includes(known))
}

/** Longest name that a box gets from its program; a number may follow. */
const NAME_LENGTH = 24

/** The name of a box that nobody named. */
function nameFor(program: string): string {
  const name = basename(program)
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return name.slice(0, NAME_LENGTH) || 'box'
}

function notMade(): NocError {
  return new NocError('NOC_TORBOX_BUILD', 'The box could not be made; what failed has said why above.', {
    hint: '`noc torbox verify` says what is not as it should be.',
  })
}

function wrong(message: string): NocError {
  return new NocError('NOC_TORBOX_USAGE', message, { exit: exitCode.usage })
}
