/** An ordinary user on a machine with a private Tor network, and the boxes of that user. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import type { UserBoxStatus } from '#systems/torbox/user/wire.ts'
import { type TorNetwork, startTorNetwork } from '../tor/network.ts'

/** The number of the user, and of the group. */
export const NOBODY = 65_534
const user = join(import.meta.dirname, '../../src/systems/torbox/user')

/** What `noc torbox` does with a user's boxes, without the rest of it. */
const DRIVER = `
import { runUserBox } from '${user}/run.ts'
import { joinUserBox, listUserBoxes, newIdentity, stopUserBox } from '${user}/boxes.ts'
const [verb, ...args] = process.argv.slice(2)
const options = JSON.parse(process.env.NOC_TEST_BOX)
const verbs = {
  run: () => runUserBox({ ...options, argv: args, note: console.error }),
  join: () => joinUserBox(args[0], args.slice(1)),
  ls: async () => console.log(JSON.stringify(await listUserBoxes())),
  stop: () => stopUserBox(args[0]),
  'new-identity': () => newIdentity(args[0]),
}
try {
  process.exitCode = (await verbs[verb]()) || 0
} catch (error) {
  console.error(error.code, error.message)
  process.exitCode = error.exit
}
`

/** How a command ended. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ran>
  /** Waits until it wrote this. */
  says(text: string): Promise<void>
}

/** How a command is started. */
export interface Wish {
  readonly options?: object
  /** Typed at a terminal. */
  readonly terminal?: boolean
  readonly asRoot?: boolean
  readonly before?: readonly string[]
}

/** The machine, and the ways to start something in a box of the user. */
export interface UserMachine {
  readonly network: TorNetwork
  /** Readable by the user; `runtime` in it is the user's own. */
  readonly directory: string
  start(args: readonly string[], wish?: Wish): Running
  run(args: readonly string[], wish?: Wish): Promise<Ran>
  inBox(...argv: string[]): Promise<Ran>
  shell(text: string, wish?: Wish): Promise<Ran>
  boxes(): Promise<UserBoxStatus[]>
}

/** Starts the network; everything ends with the test. */
export async function userMachine(t: { after(fn: () => unknown): unknown }): Promise<UserMachine> {
  const directory = mkdtempSync('/var/tmp/noc-')
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, 'runtime'), { mode: 0o700 })
  chownSync(join(directory, 'runtime'), NOBODY, NOBODY)
  const outfile = join(directory, 'driver.mjs')
  const stdin = { contents: DRIVER, resolveDir: user }
  const format: BuildOptions = { platform: 'node', format: 'esm', external: ['koffi'], logLevel: 'error' }
  await build({ stdin, bundle: true, outfile, ...format })
  const network = await startTorNetwork({ after: (fn) => void t.after(fn) }, { outside: true })
  const start = (args: readonly string[], wish: Wish = {}): Running => {
    const { options = {}, terminal = false, asRoot = false, before = [] } = wish
    const enter = ['--target', String(network.pid), '--net', '--']
    const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--']
    const driver = [process.execPath, join(directory, 'driver.mjs')]
    const socks = { host: '127.0.0.1', port: network.ports.socks }
    const line = [...driver, ...args]
    const program = terminal ? ['script', '-qec', line.join(' '), '/dev/null'] : line
    const child = spawn('nsenter', [...enter, ...(asRoot ? [] : become), ...before, ...program], {
      cwd: '/',
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        XDG_RUNTIME_DIR: join(directory, 'runtime'),
        SSH_CONNECTION: '192.0.2.1 5000 192.0.2.2 22',
        NOC_TEST_BOX: JSON.stringify({ socks, ...options }),
      },
    })
    t.after(() => child.kill('SIGKILL'))
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = once(child, 'close').then(([code]) => ({ code: Number(code ?? -1), stdout, stderr }))
    const says = async (text: string): Promise<void> => {
      while (!stdout.includes(text)) {
        const over = await Promise.race([once(child.stdout, 'data').then(() => null), ended])
        if (over !== null) throw new Error(`ended without "${text}": ${over.stdout}${over.stderr}`)
      }
    }
    return { child, ended, says }
  }

  const run = (args: readonly string[], wish?: Wish): Promise<Ran> => start(args, wish).ended
  return {
    network,
    directory,
    start,
    run,
    inBox: (...argv) => run(['run', ...argv]),
    shell: (text, wish) => run(['run', 'sh', '-c', text], wish),
    boxes: async () => JSON.parse((await run(['ls'])).stdout) as UserBoxStatus[],
  }
}
