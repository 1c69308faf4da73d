/** The leak test's surroundings on a real host: boxes made by `noc torbox run`, rules and tor of the set-up. */
import { setTimeout as pause } from 'node:timers/promises'
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { forgetAttempts } from '../circuits/guard.ts'
import type { TorboxConfig } from '../config.ts'
import { initOf, wasMade } from '../root/box.ts'
import { dotted } from '../root/network.ts'
import { childrenOf } from '../root/processes.ts'
import { createRegistry } from '../root/records.ts'
import { stopRootBox } from '../root/stop.ts'
import { networkOf } from '../rules.ts'
import { controlSocket } from '../torrc.ts'
import { listUserBoxes, stopUserBox } from '../user/boxes.ts'
import type { BoxKind } from '../wire.ts'
import { breakables } from './breakables.ts'
import type { Lab, ProbeBox } from './lab.ts'
import { type InsideProgram, insideProgram, ourselves } from './program.ts'
import { listenToTor } from './streams.ts'

/** What the caller decides. */
export interface LabOptions {
  readonly config: TorboxConfig
  readonly kind: BoxKind
  /** Name of the throw-away boxes; the second gets a number. */
  readonly name: string
  readonly configFile: string | undefined
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** The command line of noc, when it isn't the running program's. */
  readonly noc?: readonly string[]
}

/** Longest life of a throw-away box, ms: far more than the whole test takes. */
const BOX_MS = 10 * 60_000
/** Longest wait for a box to be there, and between two looks, ms. */
const UP_MS = 15_000
const LOOK_MS = 50
const MOST_BYTES = 1024 * 1024
/** Variables by which noc finds its files and the boxes of this user. */
const KEPT = ['HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'PATH'] as const

/** Opens the surroundings; close them again. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { config, kind } = options
  const program = await insideProgram()
  const streams = await listenToTor(controlSocket(config))
  let made = 0
  return {
    kind,
    links: kind === 'root' ? [config.bridge] : [],
    gateway: kind === 'root' ? dotted(networkOf(config).address) : null,
    ...(kind === 'root' ? breakables(config, () => otherBoxes(options.name)) : UNBREAKABLE),
    makeBox: (signal) => makeBox(options, program, (made += 1), signal),
    streams: streams.seen,
    close: async () => streams.close(),
  }
}

const UNBREAKABLE: Pick<Lab, 'tor' | 'rules' | 'walls'> = {
  tor: { why: "the tor behind a user's box is not ours to stop" },
  rules: { why: "a user's box has no rules on this machine, only in itself, and its root has flushed them above" },
  walls: { why: "a user's box never had a way out" },
}

/** Names of boxes that are not the test's. */
function otherBoxes(name: string): string[] {
  const boxes = createRegistry().list()
  return boxes.filter((box) => box.state === 'running' && !isOurs(box.name, name)).map((box) => box.name)
}

function isOurs(box: string, name: string): boolean {
  return box === name || box.startsWith(`${name}-`)
}

/** A box that runs, and how to get into its network with all rights. */
interface Running {
  readonly address: string | null
  readonly enter: readonly string[]
  stop(): Promise<void>
}

async function makeBox(
  options: LabOptions,
  program: InsideProgram,
  number: number,
  signal: AbortSignal,
): Promise<ProbeBox> {
  const name = number === 1 ? options.name : `${options.name}-${number}`
  const noc = nocCommand(options, program)
  const env = Object.fromEntries(
    KEPT.flatMap((key) => (options.env[key] === undefined ? [] : [[key, options.env[key]]])),
  )
  const limits = { maxBytes: MOST_BYTES, env, signal }
  // It ends with us, however we end.
  const argv = [
    'setpriv',
    '--pdeathsig',
    'TERM',
    ...noc('run'),
    '--name',
    name,
    '--quiet',
    '--',
    'sleep',
    String(BOX_MS / 1000),
  ]
  let ended: string | null = null
  const life = run(argv, { ...limits, timeoutMs: BOX_MS }).then(
    ({ stderr }) => (ended = stderr),
    (error: unknown) => (ended = String(error)),
  )
  const running = await untilUp(options, name, () => ended)
  return {
    name,
    address: running.address,
    run: async (as, tasks, timeoutMs) => {
      const words = as === 'root' ? running.enter : [...noc('join'), name, '--']
      const result = await run([...words, ...program.argv], { ...limits, stdin: tasks, timeoutMs })
      if (result.code === 0) return result.stdout.toString()
      throw new NocError('NOC_TORBOX_PROBE', `The program in the box failed: ${complaint(result.stderr)}`)
    },
    close: async () => {
      await running.stop()
      await life
      // What it tried on purpose is nobody's doing.
      if (running.address !== null) await forgetAttempts(running.address).catch(() => undefined)
    },
  }
}

/** `noc torbox VERB`, where the box sees the folder of the program. */
function nocCommand(
  { noc = ourselves(), configFile }: LabOptions,
  { folder }: InsideProgram,
): (verb: string) => string[] {
  const config = configFile === undefined ? [] : ['--config', configFile]
  return (verb) => ['env', `--chdir=${folder}`, ...noc, 'torbox', verb, ...config]
}

async function untilUp(options: LabOptions, name: string, ended: () => string | null): Promise<Running> {
  for (const until = performance.now() + UP_MS; performance.now() < until; await pause(LOOK_MS)) {
    const found = options.kind === 'root' ? findRoot(name) : await findUsers(name, options.env)
    if (found !== null) return found
    const said = ended()
    if (said !== null) throw new NocError('NOC_TORBOX_LEAKTEST_BOX', `No box could be made: ${lastLine(said)}`)
  }
  throw new NocError('NOC_TORBOX_LEAKTEST_BOX', `The box ${name} did not come up within ${UP_MS / 1000} s.`)
}

function findRoot(name: string): Running | null {
  const registry = createRegistry()
  const box = registry.find(name)
  if (box === null || box.state !== 'running' || !wasMade(box)) return null
  const net = `/proc/${initOf(box).pid}/ns/net`
  return {
    address: box.seat.address,
    enter: ['nsenter', `--net=${net}`, '--'],
    stop: () => stopRootBox(registry, box),
  }
}

async function findUsers(name: string, env: LabOptions['env']): Promise<Running | null> {
  const box = (await listUserBoxes(env)).find((one) => one.name === name)
  if (box === undefined || childrenOf(box.anchor).length === 0) return null
  const spaces = ['user', 'net'].map((sort) => `--${sort}=/proc/${box.anchor}/ns/${sort}`)
  // Its root is this very user; to set groups is not allowed to it.
  const enter = ['nsenter', ...spaces, '--preserve-credentials', '--']
  return { address: null, enter, stop: () => stopUserBox(name, env) }
}

/** What went wrong, of all that a Node says when it ends with an error. */
function complaint(text: string): string {
  return /^\w*Error\b.*/m.exec(text)?.[0] ?? lastLine(text)
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
