/**
 * The full-screen terminal: alternate screen, line diff, raw keys, and the terminal as it was on every way out.
 * Only for a terminal; in a pipe the caller prints text instead.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { NocError, systemErrorCode } from '../errors.ts'
import { nextFrame } from './frame.ts'
import { keyDecoder } from './keys.ts'

/** What the screen listens to and draws on. */
export interface ScreenOptions {
  readonly stdin: NodeJS.ReadStream
  readonly output: { readonly stdout: NodeJS.WriteStream & { readonly fd: number } }
  /** Closes the screen when aborted. */
  readonly signal: AbortSignal
  /** `q`, `up`, `pagedown`, `enter`, `escape`, `ctrl-c`, `/` ...; Ctrl-Z is handled here. */
  onKey(key: string): void
  /** The size changed or the screen came back from the background: draw again. */
  onResize(): void
}

/** An open full-screen terminal. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  /** Shows these lines from the top; while the terminal is too slow only the newest frame is kept. */
  draw(lines: readonly string[]): void
  /** Gives the terminal back; idempotent. */
  close(): void
}

// Alternate screen, no cursor, no automatic wrap, clean.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J'
// Also ends a frame that was cut off in the middle. Emptied first: after a resize tmux would leave a line of it behind.
const LEAVE = '\u001b[?2026l\u001b[0m\u001b[H\u001b[J\u001b[?7h\u001b[?25h\u001b[?1049l'
/** An ESC that nothing follows for so long (ms) is the escape key; over ssh the bytes of one key stay together. */
const ESCAPE_TIMEOUT_MS = 50
/** How often (ms) a slow terminal is tried again. */
const RETRY_MS = 25
/** How long (ms) the way out waits for a terminal that takes nothing. */
const LEAVE_TIMEOUT_MS = 500
/** After Ctrl-Z nobody stopped us (ms): there is no shell to come back from. */
const NOT_STOPPED_MS = 200

interface Writer {
  /** Adds text behind what waits; true when all of it is out. */
  write(text: string): boolean
  close(): void
}

/**
 * Node writes to terminals blocking, so a stalled ssh session would stop the whole process, signals included.
 * The terminal opened once more gives an own non-blocking descriptor; where that isn't allowed (after `su`) the
 * blocking one has to do.
 */
function terminalWriter(stdoutFd: number): Writer {
  let fd = stdoutFd
  try {
    fd = openSync(`/proc/self/fd/${stdoutFd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    // Not ours to open again: stay with the given one.
  }
  let rest = Buffer.alloc(0)
  const flush = (): boolean => {
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if (systemErrorCode(error) === 'EAGAIN') return false
      // The terminal is gone (EIO): SIGHUP is on its way, there is nobody left to draw for.
      rest = Buffer.alloc(0)
    }
    return true
  }
  return {
    write(text) {
      if (text !== '') rest = Buffer.concat([rest, Buffer.from(text)])
      return flush()
    },
    close() {
      const clock = new Int32Array(new SharedArrayBuffer(4))
      for (let waited = 0; !flush() && waited < LEAVE_TIMEOUT_MS; waited += 10) Atomics.wait(clock, 0, 0, 10)
      if (fd !== stdoutFd) closeSync(fd)
    },
  }
}

interface Keys {
  start(): void
  stop(): void
}

/** A hung-up terminal makes reads fail; SIGHUP tells the rest. */
const ignore = (): void => {}

function terminalKeys(stdin: NodeJS.ReadStream, onKey: (key: string) => void): Keys {
  // `noc interrupts < /dev/null` in a terminal: a screen without keys; Ctrl-C still comes as a signal.
  if (!stdin.isTTY) return { start: () => {}, stop: () => {} }
  const decoder = keyDecoder()
  let timer: NodeJS.Timeout | undefined
  const deliver = (keys: readonly string[]): void => keys.forEach((key) => onKey(key))
  const onData = (chunk: Buffer): void => {
    clearTimeout(timer)
    deliver(decoder.feed(chunk))
    if (decoder.pending) timer = setTimeout(() => deliver(decoder.flush()), ESCAPE_TIMEOUT_MS)
  }
  return {
    start() {
      // Off first: whoever stopped us may have changed the mode behind libuv's back.
      stdin.setRawMode(false)
      stdin.setRawMode(true)
      stdin.on('data', onData).on('error', ignore).resume()
    },
    stop() {
      clearTimeout(timer)
      stdin.off('data', onData).off('error', ignore).pause()
      stdin.setRawMode(false)
    },
  }
}

const ENDING = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

/** Opens the screen; throws when stdout is not a terminal. */
export function openScreen(options: ScreenOptions): Screen {
  const { stdin, signal } = options
  const { stdout } = options.output
  if (!stdout.isTTY) {
    throw new NocError('NOC_SCREEN_NO_TERMINAL', 'The live screen needs a terminal, and stdout is none', {
      hint: 'Use --batch for text or --json for documents.',
    })
  }
  const writer = terminalWriter(stdout.fd)
  // A terminal that doesn't know its size says 0 (serial lines).
  const columns = (): number => stdout.columns || 80
  const rows = (): number => stdout.rows || 24
  let state: 'on' | 'suspended' | 'closed' = 'suspended'
  let shown: readonly string[] = []
  let waiting: readonly string[] | undefined
  let retry: NodeJS.Timeout | undefined

  /** Writes the newest frame as soon as all of the one before is out. */
  const pump = (): void => {
    clearTimeout(retry)
    if (writer.write('')) {
      if (waiting === undefined) return
      const frame = nextFrame(shown, waiting, columns(), rows())
      shown = frame.shown
      waiting = undefined
      if (writer.write(frame.text)) return
    }
    retry = setTimeout(pump, RETRY_MS)
  }
  const draw = (lines: readonly string[]): void => {
    if (state !== 'on') return
    waiting = lines
    pump()
  }
  const keys = terminalKeys(stdin, (key) => {
    if (key === 'ctrl-z') process.kill(0, 'SIGTSTP')
    else if (state === 'on') options.onKey(key)
  })
  const enter = (): void => {
    if (state !== 'suspended') return
    state = 'on'
    shown = []
    writer.write(ENTER)
    keys.start()
  }
  const leave = (): void => {
    if (state !== 'on') return
    state = 'suspended'
    clearTimeout(retry)
    keys.stop()
    writer.write(LEAVE)
  }
  const resume = (): void => {
    if (state === 'closed') return
    leave()
    enter()
    // The size may have changed meanwhile, and the kernel told only the foreground.
    process.kill(process.pid, 'SIGWINCH')
    options.onResize()
  }
  const resized = (): void => {
    shown = []
    options.onResize()
  }
  /** Stops as any program would: by the signal's own default, which does nothing where no shell could wake us. */
  const suspend = (): void => {
    leave()
    process.off('SIGTSTP', suspend)
    process.kill(process.pid, 'SIGTSTP')
    setTimeout(() => {
      if (state === 'closed') return
      process.on('SIGTSTP', suspend)
      if (state === 'suspended') resume()
    }, NOT_STOPPED_MS)
  }
  const close = (): void => {
    if (state === 'closed') return
    leave()
    state = 'closed'
    writer.close()
    stdout.off('resize', resized)
    process.off('exit', close).off('SIGCONT', resume).off('SIGTSTP', suspend)
    for (const name of ENDING) process.off(name, end)
    signal.removeEventListener('abort', close)
  }
  /** Whoever else listens ends the process in good order; if nobody does, the signal takes its usual course. */
  const end = (name: NodeJS.Signals): void => {
    close()
    if (process.listenerCount(name) === 0) process.kill(process.pid, name)
  }

  process.on('exit', close).on('SIGCONT', resume).on('SIGTSTP', suspend)
  for (const name of ENDING) process.on(name, end)
  stdout.on('resize', resized)
  signal.addEventListener('abort', close)
  enter()
  if (signal.aborted) close()
  return {
    get columns() {
      return columns()
    },
    get rows() {
      return rows()
    },
    draw,
    close,
  }
}
