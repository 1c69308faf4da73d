/**
 * A private Tor network for tests: three authorities, exits, a client and an onion service from Debian's tor, in
 * namespaces of their own from which nothing can leave. All of it ends with the process that started it: its files are
 * in memory, its first process ends when its standard input does, and the kernel ends the others with that one.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type RunOptions, type RunResult, run } from '#core/host/run.ts'
import type { needs } from '../peers.ts'
import { CAPTURE_LIST, type Flow, leaks, parseCapture } from './capture.ts'
import type { InsideLine, InsideOptions, Ready } from './inside.ts'
import { CLIENT_OF_FEW, LINK, PORTS, exitAddress, exitAddress6 } from './plan.ts'
import type { Visit } from './servers.ts'

/** For `{ skip: needs(TOR_NETWORK) }`. */
export const TOR_NETWORK: Parameters<typeof needs>[0] = {
  root: true,
  programs: ['tor', 'tor-gencert', 'ip', 'nft', 'unshare', 'nsenter', 'setpriv', 'mount'],
}

export interface TorNetworkOptions {
  /** IPv4 addresses that the exits' connections come from, one exit each. */
  readonly exits?: readonly string[]
  /** Without the onion service a network is up 2 s earlier. */
  readonly onion?: boolean
  /** A second network namespace behind the default route, whose servers see who comes. */
  readonly outside?: boolean
  /** Lines that follow the client's own in its torrc. */
  readonly client?: readonly string[]
  /** Commands that run inside before tor starts: `['ip', 'link', 'add', 'tornet', 'type', 'bridge']`. */
  readonly before?: readonly (readonly string[])[]
  /** Milliseconds after which the network ends whatever happens. */
  readonly lifetimeMs?: number
}

/** What is in the second namespace. */
export interface Outside {
  /** Addresses of its web, name and echo servers: ports 80, 443, 8080 (TCP), 53, and 443, 5300 (UDP). */
  readonly address: string
  readonly address6: string
  /** The address of the host, which must not be seen there. */
  readonly host: string
  readonly host6: string
  /** Who came to its servers so far. */
  visits(): Visit[]
  /** All that crossed the link towards it so far, counted by the kernel. */
  flows(): Promise<Flow[]>
  /** Those flows that did not come from an exit. */
  leaks(): Promise<Flow[]>
  /** Runs a program there. */
  run(argv: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>
}

export interface TorNetwork {
  /** The first process of its namespaces. */
  readonly pid: number
  /** Where the nodes' folders are, as seen from inside: `<directory>/client/control` is the control socket. */
  readonly directory: string
  /** The same file as seen from here; works for sockets too. */
  path(inside: string): string
  /** What to put before a command so that it runs inside; its working directory is the repository. */
  readonly entry: readonly string[]
  /** Runs a program inside: own network, mounts and processes. */
  inside(argv: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>
  /** The client's ports on 127.0.0.1, and the local web server's. */
  readonly ports: typeof PORTS
  /** Addresses that the exits' connections come from, IPv4 and IPv6. */
  readonly exits: readonly string[]
  /** The onion service, whose port 80 is the local web server; empty without one. */
  readonly onion: string
  /** Who came to the local web and name servers so far. */
  visits(): Visit[]
  readonly outside: Outside | null
  /** Lines by which another tor becomes a client of this network. */
  readonly joining: readonly string[]
  /** The log of a node (`auth0`, `exit0`, `client`, `onion`). */
  log(node: string): string
  /** Milliseconds from the call until each phase was over. */
  readonly phases: Readonly<Record<string, number>>
  /** Ends everything; may be called twice. */
  stop(): Promise<void>
}

/** Ten seconds are usual; a machine that is busy may miss two votes. */
const START_LIMIT_MS = 90_000
const LIFETIME_MS = 20 * 60_000
const STOP_LIMIT_MS = 5000
const RUN_LIMITS = { timeoutMs: 60_000, maxBytes: 16 * 1024 * 1024 }
/** Of what went wrong, so many characters are shown. */
const ERROR_TAIL = 4000
/** Longest path of the folder, so that sockets in it can be reached from both sides (108 bytes, unix(7)). */
const MAX_DIRECTORY = 60

/**
 * Runs as the first process in the new namespaces. It tells its number before it sees its own namespace's; files in
 * memory need no cleaning up.
 */
const PRELUDE = `read -r pid rest </proc/self/stat && echo "$pid" && mount -t proc proc /proc &&
mount -t tmpfs -o mode=755 nocturne-test-tor "$1" && shift && exec "$@"`

/** A folder that is kept between runs: the keys, and the place for the networks' own files. */
function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'nocturne-test-tor')
  mkdirSync(join(folder, 'network'), { recursive: true, mode: 0o755 })
  const { uid, mode } = lstatSync(folder)
  if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) throw new Error(`${folder} belongs to somebody else`)
  if (folder.length > MAX_DIRECTORY) throw new Error(`${folder} is too long: set XDG_CACHE_HOME`)
  return folder
}

/** The folder of the nodes' files as seen from inside, for lines of a torrc. */
export function networkDirectory(): string {
  return join(cacheFolder(), 'network')
}

/** Runs a program in the namespaces of a process. */
export function runInside(pid: number, argv: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
  return run([...entry(pid), ...argv], { ...RUN_LIMITS, ...options })
}

function entry(pid: number): string[] {
  return ['nsenter', '--target', String(pid), '--mount', '--net', '--pid', '--wd', '--']
}

/** Starts a network and waits until its client carries traffic; it ends with the test. */
export async function startTorNetwork(
  t: { after(fn: () => Promise<void>): void },
  options: TorNetworkOptions = {},
): Promise<TorNetwork> {
  const folder = cacheFolder()
  const wanted: InsideOptions = {
    directory: join(folder, 'network'),
    keyCache: join(folder, 'keys.json'),
    exits: options.exits ?? [exitAddress(0)],
    onion: options.onion ?? true,
    outside: options.outside ?? false,
    client: options.client ?? [],
    before: options.before ?? [],
    lifetimeMs: options.lifetimeMs ?? LIFETIME_MS,
  }
  const child = launch(wanted)
  const stop = stopper(child)
  t.after(stop)
  try {
    return handle(wanted, await untilReady(child), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

function launch(wanted: InsideOptions): ChildProcessWithoutNullStreams {
  const namespaces = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--']
  const program = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'inside.ts'), JSON.stringify(wanted)]
  const argv = ['--pdeathsig', 'KILL', ...namespaces, 'sh', '-c', PRELUDE, 'sh', wanted.directory, ...program]
  const path = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`
  return spawn('setpriv', argv, {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: path, HOME: wanted.directory, LC_ALL: 'C.UTF-8' },
  })
}

function stopper(child: ChildProcessWithoutNullStreams): () => Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  return async () => {
    child.stdin.on('error', () => undefined).end()
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await exited
    clearTimeout(late)
  }
}

interface Started {
  readonly pid: number
  readonly phases: Readonly<Record<string, number>>
  readonly ready: Ready
}

/** Reads what the first process tells until the network is up. */
async function untilReady(child: ChildProcessWithoutNullStreams): Promise<Started> {
  const began = performance.now()
  const phases: Record<string, number> = {}
  let pid = 0
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-ERROR_TAIL)))
  const late = setTimeout(() => {
    complaints += `not ready within ${START_LIMIT_MS} ms; done: ${Object.keys(phases).join(', ')}`
    child.kill('SIGKILL')
  }, START_LIMIT_MS)
  try {
    await once(child, 'spawn')
    for await (const line of createInterface({ input: child.stdout })) {
      if (pid === 0) {
        pid = Number(line)
        phases['namespaces'] = performance.now() - began
        continue
      }
      const said = JSON.parse(line) as InsideLine
      if ('failed' in said) throw new Error(said.failed)
      if ('ready' in said) return { pid, phases, ready: said.ready }
      phases[said.phase] = performance.now() - began
    }
  } catch (error) {
    complaints += String(error)
  } finally {
    clearTimeout(late)
  }
  throw new Error(`the Tor network did not come up: ${complaints}`)
}

function handle(wanted: InsideOptions, { pid, phases, ready }: Started, stop: () => Promise<void>): TorNetwork {
  const { directory } = wanted
  const exits = wanted.exits.flatMap((address, index) => [address, exitAddress6(index)])
  const path = (inside: string): string => join(`/proc/${pid}/root`, inside)
  const inside = (argv: readonly string[], options?: Partial<RunOptions>): Promise<RunResult> =>
    runInside(pid, argv, options)
  const visits = (file: string): Visit[] => jsonLines(path(join(directory, file)))
  return {
    pid,
    directory,
    path,
    entry: entry(pid),
    inside,
    ports: PORTS,
    exits,
    onion: ready.onion ?? '',
    visits: () => visits('local.jsonl'),
    outside:
      ready.outsidePid === null ? null : outsideOf(ready.outsidePid, inside, exits, () => visits('outside.jsonl')),
    joining: [...ready.joining, ...CLIENT_OF_FEW],
    log: (node) => readFileSync(path(join(directory, node, 'notice.log')), 'utf8'),
    phases,
    stop,
  }
}

function outsideOf(
  pid: number,
  inside: TorNetwork['inside'],
  exits: readonly string[],
  visits: () => Visit[],
): Outside {
  const runThere: Outside['run'] = (argv, options) =>
    inside(['nsenter', '--target', String(pid), '--net', '--', ...argv], options)
  const flows = async (): Promise<Flow[]> => {
    const { code, stdout, stderr } = await runThere(CAPTURE_LIST)
    if (code !== 0) throw new Error(`nft: ${stderr}`)
    return parseCapture(stdout.toString())
  }
  const { outside: address, outside6: address6, host, host6 } = LINK
  return {
    address,
    address6,
    host,
    host6,
    visits,
    flows,
    leaks: async () => leaks(await flows(), exits),
    run: runThere,
  }
}

/** None before the first visit. */
function jsonLines(file: string): Visit[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Visit)
  } catch {
    return []
  }
}
