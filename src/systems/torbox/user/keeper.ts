/** What stays outside of a box while it lives: it serves the box's sockets, passes signals on and answers questions. */
import type { Socket as Datagrams } from 'node:dgram'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { NocError, exitCode } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { type Session, startSession } from '#core/host/session.ts'
import { childrenOf } from '../root/processes.ts'
import { signal } from '../root/stop.ts'
import { checkDoor } from './door.ts'
import { type Carrier, serveForwarder } from './forwarder.ts'
import { guardCommand } from './join.ts'
import { ALL_OFFERED, type OfferedKind } from './offer.ts'
import { refusal } from './refusal.ts'
import { serveNames } from './resolver.ts'
import { type GuardCounts, parseGuard } from './rules.ts'
import { type BoxPlan, SCRIPT, STARTED, boxCommand, boxScript } from './script.ts'
import { serveSocks } from './socks-server.ts'
import type { BoxRequest, UserBoxStatus } from './wire.ts'

/** Bytes that are kept of what the building programs say. */
const MAX_ERRORS = 16_384
/** Milliseconds that a program gets to end by itself before its box is closed over it. */
const GRACE_MS = 2000
/** Signals by which people end programs. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'])
const NFT_LIMITS = { timeoutMs: 5000, maxBytes: 1 << 20 } as const

/** What a keeper is given. */
export interface KeeperOptions {
  readonly plan: BoxPlan
  readonly carrier: Carrier
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly status: Pick<UserBoxStatus, 'keep' | 'since'>
  /** Rejects when tor is not ready. */
  ready(): Promise<void>
}

/** A box from its first process to its last. */
export interface Keeper {
  /** Builds the box, runs its program, and gives the program's exit status when all has ended. */
  run(): Promise<number>
  /** The answer on the control socket. */
  answer(request: BoxRequest): Promise<UserBoxStatus | null>
}

/** What changes while a box lives. */
interface Life {
  readonly sockets: { close(): void }[]
  session: Session | null
  /** The program was let run. */
  started: boolean
  /** Somebody ended it before that. */
  interrupted: boolean
}

/** Makes the keeper of a box that is planned; it does nothing yet. */
export function createKeeper(options: KeeperOptions): Keeper {
  const life: Life = { sockets: [], session: null, started: false, interrupted: false }
  return {
    async run() {
      try {
        return await live(options, life)
      } finally {
        life.session?.kill('SIGKILL')
        await life.session?.ended
        for (const socket of life.sockets) socket.close()
        options.carrier.traffic.end()
      }
    },
    async answer(request) {
      const { session } = life
      if (request === 'new-identity') options.carrier.door.renew()
      if (request === 'stop') {
        deliver(life, 'SIGTERM')
        setTimeout(() => session?.kill('SIGKILL'), GRACE_MS).unref()
      }
      return session === null ? null : statusOf(options, session.pid)
    },
  }
}

/** From the first process to the last. */
async function live(options: KeeperOptions, life: Life): Promise<number> {
  const { promise: offered, resolve } = resolvers()
  const session = await startSession(boxCommand(options.plan), {
    env: { ...options.env, [SCRIPT]: boxScript(options.plan) },
    channel: {
      maxBytes: MAX_ERRORS,
      onMessage: (message, handle) => {
        if (message === ALL_OFFERED) resolve()
        else life.sockets.push(serve(message as OfferedKind, handle, options.carrier))
      },
    },
    onSignal: (name) => deliver(life, name),
    onKey: () => programOf(life) ?? giveUp(life),
  })
  life.session = session
  const ready = Promise.all([offered, checkDoor(options.carrier.door), options.ready()]).then(() => true)
  // When the box ends first, nobody waits for this any more.
  ready.catch(() => undefined)
  if (!(await Promise.race([ready, session.ended.then(() => false)]))) throw refused(life, session)
  life.started = true
  session.send('go')
  const code = await session.ended
  if (!session.errors().includes(STARTED)) throw refused(life, session)
  return code
}

function refused({ interrupted }: Life, session: Session): NocError {
  if (!interrupted) return refusal(session.errors(), readOrNull)
  return new NocError('NOC_TORBOX_INTERRUPTED', 'Interrupted before the program ran.', { exit: exitCode.interrupted })
}

function deliver(life: Life, name: NodeJS.Signals): void {
  const program = programOf(life)
  if (program !== null) signal(program, name)
  else if (ENDING.has(name)) giveUp(life)
}

/** Nobody waits any more for a program that is not there yet. */
function giveUp(life: Life): void {
  life.interrupted = true
  life.session?.kill('SIGKILL')
}

/** The box's own program: the first child of its process 1, which is the only child of the anchor. */
function programOf({ session, started }: Life): number | null {
  const [init] = session !== null && started ? childrenOf(session.pid) : []
  return (init === undefined ? undefined : childrenOf(init)[0]) ?? null
}

function resolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

function serve(kind: OfferedKind, handle: unknown, carrier: Carrier): { close(): void } {
  const [server, datagrams] = [handle as Server, handle as Datagrams]
  if (kind === 'forwarder') serveForwarder(server, carrier)
  else if (kind === 'socks') serveSocks(server, carrier)
  else serveNames(datagrams, carrier)
  return kind === 'dns' ? datagrams : server
}

async function statusOf({ plan, carrier, status }: KeeperOptions, anchor: number): Promise<UserBoxStatus> {
  const { name, uid, gid, argv } = plan
  const { door, traffic, names } = carrier
  const own = { kind: 'user', name, keeper: process.pid, anchor, uid, gid, argv, ...status } as const
  const guard = await countsOf(plan, anchor)
  return { ...own, socksUser: door.user, traffic: traffic.counts(), names: names.size, guard }
}

async function countsOf({ tools, uid, gid, switchUser }: BoxPlan, anchor: number): Promise<GuardCounts | null> {
  const command = guardCommand(tools, { anchor, uid, gid, switchUser })
  const asked = await run(command, NFT_LIMITS).catch(() => null)
  return asked?.code === 0 ? parseGuard(asked.stdout.toString()) : null
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
