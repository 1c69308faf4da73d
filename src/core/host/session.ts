/** Programs that a person works with: they have our terminal, our signals, and their exit status is ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { cannotStart } from './run.ts'

type StdioElement = 'inherit' | 'pipe' | 'ipc' | 'ignore' | number

/** Signals that people and service managers send to the process they know, which is us. */
const PASSED_ON = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const
/** Signals that the terminal sends to every process in its foreground by itself (termios(3), ISIG). */
const KEYS: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT'])

/** Milliseconds for which we read on what an ended program wrote; what it left running may hold the pipe for ever. */
const LINGER_MS = 250

/** How a program is started that takes over our terminal. */
export interface SessionOptions {
  /** The whole environment; a session gets what it is given, unlike programs that `run` starts. */
  readonly env: Readonly<NodeJS.ProcessEnv>
  /**
   * With a back channel the program's file 2 is a pipe to us, of which the first `maxBytes` are kept; its file 3 is
   * Node's IPC channel, over which a Node inside can send us open sockets; our own standard error is its file 4.
   */
  readonly channel?: { readonly maxBytes: number; onMessage(message: unknown, handle: unknown): void }
  /** What to do with a signal that was sent to us; default: it is passed on to the program. */
  onSignal?(signal: NodeJS.Signals): void
  /** Ctrl-C or Ctrl-\ was pressed; the terminal has told the program itself already. */
  onKey?(signal: NodeJS.Signals): void
}

/** A running program with our terminal. */
export interface Session {
  readonly pid: number
  /** Its exit status as shells count: 128 + signal when it was killed. Signals are ours again then. */
  readonly ended: Promise<number>
  /** What it wrote to its file 2, when it has a back channel. */
  errors(): string
  send(message: string): void
  kill(signal: NodeJS.Signals): void
}

/**
 * Starts a program with our standard input, output and error and in our process group, so that job control works as if
 * the shell had started it. Until it ends, signals to us are passed on to it and do nothing else.
 */
export async function startSession(argv: readonly string[], options: SessionOptions): Promise<Session> {
  const [program = '', ...args] = argv
  const seal = openSync('/dev/null', 'r+')
  const stdio = [...(options.channel ? (['inherit', 'inherit', 'pipe', 'ipc', 2] as const) : INHERIT)]
  // Before the program starts: what it says may be answered with Ctrl-C at once, which must not end us.
  const restore = takeSignals((signal) => {
    if (KEYS.has(signal) && inForeground()) options.onKey?.(signal)
    else if (options.onSignal) options.onSignal(signal)
    else child.kill(signal)
  })
  const child = spawn(program, args, { env: { ...options.env }, stdio: sealed(stdio, seal) })
  closeSync(seal)
  const errors = collectErrors(child, options.channel?.maxBytes ?? 0)
  if (options.channel) child.on('message', (message, handle) => options.channel?.onMessage(message, handle))
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0))
    child.once('error', (error) => {
      restore()
      reject(cannotStart(program, error))
    })
  })
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code, signal) => {
      restore()
      if (child.connected) child.disconnect()
      const done = (): void => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
      const late = setTimeout(done, LINGER_MS)
      child.on('close', () => {
        clearTimeout(late)
        done()
      })
    })
  })
  return {
    pid,
    ended,
    errors,
    send: (message) => void (child.connected && child.send(message, () => undefined)),
    kill: (signal) => void child.kill(signal),
  }
}

const INHERIT = ['inherit', 'inherit', 'inherit'] as const
/** In the flags of proc_pid_fdinfo(5). */
const O_CLOEXEC = 0o2000000

/**
 * Puts `seal` in the place of files that whoever started us left open by mistake: a session may be a sandbox, and a
 * socket among them a way out of it.
 */
function sealed(stdio: readonly StdioElement[], seal: number): StdioElement[] {
  const left = readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd >= stdio.length && isInheritable(fd))
  return Array.from({ length: Math.max(stdio.length, ...left.map((fd) => fd + 1)) }, (_, fd) => {
    return stdio[fd] ?? (left.includes(fd) ? seal : 'ignore')
  })
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\t([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    return false
  }
}

function collectErrors(child: ChildProcess, maxBytes: number): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, maxBytes)))
  return () => text
}

/** Replaces all listeners of these signals; gives the function that puts them back. */
function takeSignals(act: (signal: NodeJS.Signals) => void): () => void {
  const undo = PASSED_ON.map((signal) => {
    const before = process.listeners(signal)
    const handler = (): void => act(signal)
    process.removeAllListeners(signal).on(signal, handler)
    return (): void => {
      process.off(signal, handler)
      for (const listener of before) process.on(signal, listener)
    }
  })
  return () => undo.forEach((act) => act())
}

/** Whether our process group is the one that the terminal sends its keys to: pgrp and tpgid of proc_pid_stat(5). */
function inForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return group === foreground
}
