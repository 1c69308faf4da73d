/** `noc torbox run` for an ordinary user: a box that needs neither root nor a bridge. */
import type { Server } from 'node:net'
import { basename } from 'node:path'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import type { Keep } from '../config.ts'
import { checkName } from '../root/records.ts'
import { type BoxUser, findUser, userEnvironment } from '../root/users.ts'
import { boxesDirectory, makeDirectory, openControl } from './control.ts'
import { type SocksAddress, createDoor } from './door.ts'
import { findProgram, findTools, hostView } from './host.ts'
import { createKeeper } from './keeper.ts'
import { createNamePool } from './names.ts'
import { createTraffic } from './traffic.ts'
import type { BoxRequest } from './wire.ts'

/** What to run in a new box. */
export interface UserBoxOptions {
  /** Default: the program's, with a number when there is such a box. */
  readonly name?: string
  readonly argv: readonly string[]
  /** Where tor's SOCKS port is. */
  readonly socks: SocksAddress
  /** Who the program runs as; only root may say so. */
  readonly user?: string
  /** Ways out that stay open although they lead past Tor. */
  readonly keep?: readonly Keep[]
  /** Further files and directories that the program does not see. */
  readonly hide?: readonly string[]
  /** Rejects when tor is not ready; asked while the box is built. Without it only the SOCKS port is tried. */
  ready?(): Promise<void>
  /** A remark for the person who waits. */
  note?(text: string): void
  readonly env?: Readonly<NodeJS.ProcessEnv>
}

/** Exit status of shells for a program that is not there. */
const NOT_FOUND = 127
/** Most boxes of one program that get a number. */
const MAX_NUMBER = 1000
/** Letters of a program's name that its box has: names of boxes have 32 with their numbers. */
const MAX_NAME = 24

/**
 * Runs a program in a new box with our terminal and signals, and gives its exit status as shells count. Whatever
 * happens to us, even SIGKILL, the box and all in it end with us.
 */
export async function runUserBox(options: UserBoxOptions): Promise<number> {
  const { argv, keep = [], hide = [], env = process.env } = options
  const tools = findTools(env['PATH'] ?? '')
  checkProgram(argv, env)
  const { uid, gid, switchUser, env: own } = await becomeUser(options.user, env)
  const records = boxesDirectory(env, ourselves().uid)
  makeDirectory(records, ourselves().uid)
  const view = hostView({ env: own, uid, directory: process.cwd(), keep, hide: [...hide, records] })
  let answer = async (_request: BoxRequest): Promise<unknown> => null
  const { name, control } = await claim(records, options, (request) => answer(request))
  try {
    const door = createDoor(name, options.socks)
    const traffic = createTraffic(systemClock, (error) => options.note?.(remark(error)))
    const keeper = createKeeper({
      plan: { name, tools, node: process.execPath, uid, gid, switchUser, view, argv },
      carrier: { door, names: createNamePool(), traffic },
      env: Object.fromEntries(Object.entries(own).filter(([variable]) => !view.variables.includes(variable))),
      status: { keep, since: systemClock.now() },
      ready: async () => options.ready?.(),
    })
    answer = (request) => keeper.answer(request)
    return await keeper.run()
  } finally {
    control.close()
  }
}

function remark(error: unknown): string {
  const hint = error instanceof NocError ? error.hint : undefined
  return [reasonOf(error), hint].filter((part) => part !== undefined).join(' ')
}

/** Who the program runs as, and with which environment. */
async function becomeUser(
  name: string | undefined,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<{ uid: number; gid: number; switchUser: boolean; env: Readonly<NodeJS.ProcessEnv> }> {
  const own = { ...ourselves(), switchUser: false, env }
  const user = name === undefined ? null : await findUser(name)
  if (user === null || user.uid === own.uid) return own
  if (own.uid === 0) return { uid: user.uid, gid: user.gid, switchUser: true, env: userEnvironment(env, user) }
  throw new NocError('NOC_TORBOX_USER', `Only root may run a box as ${user.name}.`, { exit: exitCode.usage })
}

function ourselves(): Pick<BoxUser, 'uid' | 'gid'> {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}

/** Says so before a box is built for nothing. A path is only looked at in the box, where it may be another file. */
function checkProgram([program = '']: readonly string[], env: Readonly<NodeJS.ProcessEnv>): void {
  if (program.includes('/') || findProgram(program, env['PATH'] ?? '') !== null) return
  throw new NocError('NOC_TORBOX_NOT_FOUND', `The program ${program} is not installed.`, { exit: NOT_FOUND })
}

/** Takes a name for the box: the wanted one, or that of the program, with a number if need be. */
async function claim(
  records: string,
  { name, argv }: UserBoxOptions,
  answer: (request: BoxRequest) => Promise<unknown>,
): Promise<{ readonly name: string; readonly control: Server }> {
  const base = name ?? nameFor(argv[0] ?? '')
  checkName(base)
  for (let number = 1; number <= (name === undefined ? MAX_NUMBER : 1); number += 1) {
    const tried = number === 1 ? base : `${base}-${number}`
    const control = await openControl(records, tried, answer)
    if (control !== null) return { name: tried, control }
  }
  throw new NocError('NOC_TORBOX_NAME_TAKEN', `There is a box named ${base} already.`, {
    hint: `\`noc torbox join ${base} -- CMD\` runs something in it; \`noc torbox stop ${base}\` ends it.`,
    exit: exitCode.usage,
  })
}

/** The name of a box that nobody named; a number may follow. */
function nameFor(program: string): string {
  const name = basename(program).replaceAll(/^[^A-Za-z\d]+|[^\w.-]/g, '')
  return name.slice(0, MAX_NAME) || 'box'
}
