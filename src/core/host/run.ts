import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { constants } from 'node:os'
import { NocError, exitCode, reasonOf, systemErrorCode } from '../errors.ts'

/** How one run of a program is bounded; every run has a time and a size limit. */
export interface RunOptions {
  /** Written to the program's standard input, which is then closed. */
  readonly stdin?: string | Uint8Array
  /** Added to the minimal environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Most bytes of standard output, and of standard error, that are kept; more is an error. */
  readonly maxBytes: number
}

/** What a program answered. */
export interface RunResult {
  /** Its exit code; 128 + signal when it was killed, as shells count. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** All that a program gets of the environment: administration tools live in sbin; C keeps their output parseable. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
} as const

/** Milliseconds that a finished program's background children may still hold its output open. */
const LINGER_MS = 250

/**
 * Runs a program without a shell, in its own process group, which is killed when time, size or the signal ends it.
 * The only place of the toolbox that starts programs. A program that fails is an answer (`code`); one that can't be
 * run to its end is a NocError.
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const [program = '', ...args] = argv
  if (options.signal?.aborted) throw interrupted(program)
  const child = start(program, args, { ...ENVIRONMENT, ...options.env })
  return new Promise<RunResult>((resolve, reject) => watch(child, program, options, resolve, reject))
}

function start(program: string, args: readonly string[], env: Record<string, string>): ChildProcessWithoutNullStreams {
  try {
    // Own process group, so that a kill reaches what the program itself started.
    return spawn(program, args, { env, stdio: 'pipe', detached: true })
  } catch (error) {
    throw cannotStart(program, error)
  }
}

function watch(
  child: ChildProcessWithoutNullStreams,
  program: string,
  options: RunOptions,
  resolve: (result: RunResult) => void,
  reject: (error: NocError) => void,
): void {
  const stdout = collect()
  const stderr = collect()
  let linger: NodeJS.Timeout | undefined
  const settle = (act: () => void): void => {
    clearTimeout(timer)
    clearTimeout(linger)
    options.signal?.removeEventListener('abort', onAbort)
    child.stdout.destroy()
    child.stderr.destroy()
    act()
  }
  const stop = (error: NocError): void => {
    killGroup(child)
    settle(() => reject(error))
  }
  const onAbort = (): void => stop(interrupted(program))
  const timer = setTimeout(() => stop(tooLong(program, options.timeoutMs)), options.timeoutMs)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  for (const [stream, kept] of [[child.stdout, stdout] as const, [child.stderr, stderr] as const]) {
    stream.on('data', (chunk: Buffer) => {
      if (kept.add(chunk) > options.maxBytes) stop(tooMuch(program, options.maxBytes))
    })
  }
  child.on('error', (error) => settle(() => reject(cannotStart(program, error))))
  child.on('exit', (code, signal) => {
    const result = (): RunResult => ({
      code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      stdout: stdout.all(),
      stderr: stderr.all().toString(),
    })
    const done = (): void => settle(() => resolve(result()))
    child.on('close', done)
    // After the next look at the pipes: when this process was busy for long, what the program wrote still lies there.
    linger = setTimeout(() => setImmediate(done), LINGER_MS)
  })
  // A program that ends without reading its input is not an error of ours.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin)
}

function collect(): { add(chunk: Buffer): number; all(): Buffer } {
  const chunks: Buffer[] = []
  let size = 0
  return {
    add: (chunk) => {
      chunks.push(chunk)
      size += chunk.length
      return size
    },
    all: () => Buffer.concat(chunks),
  }
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** The error for a program that is not there or can't be executed. */
export function cannotStart(program: string, cause: unknown): NocError {
  if (systemErrorCode(cause) === 'ENOENT') {
    return new NocError('NOC_HOST_PROGRAM_MISSING', `The program ${program} is not installed.`, { cause })
  }
  return new NocError('NOC_HOST_PROGRAM_START', `The program ${program} can't be started: ${reasonOf(cause)}.`, {
    cause,
  })
}

function interrupted(program: string): NocError {
  return new NocError('NOC_HOST_INTERRUPTED', `${program} was interrupted.`, { exit: exitCode.interrupted })
}

function tooLong(program: string, timeoutMs: number): NocError {
  return new NocError('NOC_HOST_TIMEOUT', `${program} did not finish within ${timeoutMs / 1000} s and was killed.`)
}

function tooMuch(program: string, maxBytes: number): NocError {
  return new NocError('NOC_HOST_OUTPUT', `${program} wrote more than ${maxBytes} bytes and was killed.`)
}
