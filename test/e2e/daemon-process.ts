/** A real `noc up` for a test: own data directory, free port, gone at the end whatever happens. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const noc: string = join(import.meta.dirname, '../../bin/noc')
const START_LIMIT_MS = 20_000

export interface DaemonProcess {
  readonly url: string
  readonly pid: number
  readonly data: string
  readonly configFile: string
  /** Everything it logged so far. */
  log(): string
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

/** The environment of a command: nothing of ours but what a shell would have. */
export function environment(data: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH } = process.env
  return { PATH, HOME: data, LANG: 'C.UTF-8', NOC_DATA: data, ...more }
}

/** Runs `noc` to its end. */
export function command(
  data: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [noc, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
    env: environment(data, more),
  })
  return { code: status, stdout, stderr }
}

/** A directory that is removed when the test ends. */
export function scratch(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'noc-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function readyLine(child: ChildProcessWithoutNullStreams, log: () => string): Promise<{ url: string }> {
  let text = ''
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready in time:\n${text}${log()}`)), START_LIMIT_MS)
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('\n')) return
      clearTimeout(late)
      resolve(JSON.parse(text) as { url: string })
    })
    child.on('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`ended with ${code}:\n${log()}`))
    })
  })
}

/**
 * Starts a daemon on `data` (a scratch directory, which may hold an earlier one's data) and waits until it is ready.
 * `entry` is put before the command: where other namespaces are entered, `consoleHere` says how to reach it.
 */
export async function startDaemon(
  t: { after(fn: () => void): void },
  data: string,
  config: string,
  more: NodeJS.ProcessEnv = {},
  entry: readonly string[] = [],
): Promise<DaemonProcess> {
  const configFile = join(data, 'nocturne.toml')
  writeFileSync(configFile, config)
  const up = [process.execPath, noc, 'up', '--json', '--listen', '127.0.0.1:0', '--config', configFile]
  const [program = '', ...args] = [...entry, ...up]
  const child = spawn(program, args, { env: environment(data, more) })
  let logged = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (logged += chunk))
  const ended = new Promise<number | string>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? signal ?? -1)),
  )
  t.after(() => void child.kill('SIGKILL'))
  const { url } = await readyLine(child, () => logged)
  return {
    url,
    pid: child.pid ?? -1,
    data,
    configFile,
    log: () => logged,
    ended,
    kill: (signal) => void child.kill(signal),
  }
}

/** Brings a console that listens in other namespaces here, by its socket, as ssh would; answers its address. */
export async function consoleHere(t: { after(fn: () => void): void }, socket: string): Promise<string> {
  const server = createServer((client) => {
    const there = connect(socket)
    client.pipe(there).pipe(client)
    for (const end of [client, there]) end.on('error', () => (client.destroy(), there.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Waits for something to become so; bounded. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  ms: number = 15_000,
): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
