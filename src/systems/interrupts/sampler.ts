/** Reads the files of one /proc, as often as asked. Shared by the command and the daemon. */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#core/clock.ts'
import { NocError, reasonOf, systemErrorCode } from '#core/errors.ts'
import { createMeter } from './delta.ts'
import { countsParser, type Counts, type CountsParser } from './parse.ts'
import type { Machine, Sample } from './sample.ts'
import { parseSoftnet, softnetRates, type SoftnetCounts } from './softnet.ts'
import { createMachine } from './topology.ts'

/** Most bytes of one file; 1,024 CPUs with 5,000 lines write 56 MB. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024
/** Size of the buffer: 32 pages of procfs, some dozen lines of 256 CPUs. */
const BUFFER_BYTES = 128 * 1024
/** A CPU that comes or goes while the kernel writes the file leaves lines that don't fit; then it is read again. */
const TRIES = 3

/** Where to read. */
export interface Roots {
  readonly proc: string
  /** Null: no /sys belongs to it. */
  readonly sys: string | null
}

/** Reads samples one after the other. */
export interface Sampler {
  readonly machine: Machine
  /** Throws a NocError when /proc/interrupts can't be read or understood; softirqs and softnet may be missing. */
  read(): Sample
}

/** The roots an operator means by `--proc` and `--sys`: beside another /proc only its own sys counts. */
export function findRoots(proc: string, sys: string | undefined): Roots {
  if (sys !== undefined) return { proc, sys }
  const beside = join(proc, '../sys')
  return { proc, sys: existsSync(beside) ? beside : null }
}

/**
 * Feeds a file to a parser through one small buffer. Synchronously: procfs gives a page at a time, and 500 trips to a
 * thread cost ten times the reading.
 */
function feeder(): (path: string, parser: CountsParser, online?: readonly number[]) => Counts {
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  const feed = (fd: number, path: string, parser: CountsParser): number => {
    let kept = 0
    for (let total = 0; ;) {
      let filled = kept
      for (let got = -1; got !== 0 && filled < buffer.length; filled += got) {
        got = readSync(fd, buffer, filled, buffer.length - filled, null)
      }
      total += filled - kept
      if (total > MAX_FILE_BYTES) {
        throw new NocError(
          'NOC_INTERRUPTS_HUGE',
          `${path} is larger than ${MAX_FILE_BYTES / 2 ** 20} MB, which no kernel writes`,
        )
      }
      const used = parser.push(buffer.subarray(0, filled))
      kept = filled - used
      if (filled < buffer.length) return kept
      if (used > 0) buffer.copyWithin(0, used, filled)
      // A line of a machine with thousands of CPUs.
      else buffer = Buffer.concat([buffer], buffer.length * 2)
    }
  }
  return (path, parser, online) => {
    const fd = openSync(path, 'r')
    try {
      parser.begin(online)
      return parser.end(feed(fd, path, parser))
    } finally {
      closeSync(fd)
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
}

function unreadable(path: string, error: unknown): NocError {
  if (error instanceof NocError) return error
  const reason = REASONS[systemErrorCode(error) ?? ''] ?? reasonOf(error)
  return new NocError('NOC_INTERRUPTS_UNREADABLE', `Can't read ${path}: ${reason}`, {
    hint: 'Interrupts are read from /proc of a Linux machine; --proc DIR reads another one.',
    cause: error,
  })
}

/** A sampler over these roots. */
export function createSampler(roots: Roots, clock: Clock): Sampler {
  const paths = {
    interrupts: join(roots.proc, 'interrupts'),
    softirqs: join(roots.proc, 'softirqs'),
    softnet: join(roots.proc, 'net/softnet_stat'),
  }
  const read = feeder()
  const interrupts = countsParser(paths.interrupts)
  const softirqs = countsParser(paths.softirqs, false)
  const meter = createMeter()
  let softMeter = createMeter()
  let before: { readonly monotonic: number; readonly softnet: SoftnetCounts | null } | null = null

  const readInterrupts = (): Counts => {
    for (let tries = 1; ; tries += 1) {
      try {
        return read(paths.interrupts, interrupts)
      } catch (error) {
        if (tries >= TRIES || !(error instanceof NocError) || error.code !== 'NOC_INTERRUPTS_LINE') {
          throw unreadable(paths.interrupts, error)
        }
      }
    }
  }
  /** What a machine may lack; a fault of ours is none of that. */
  const optional = <T>(make: () => T): T | null => {
    try {
      return make()
    } catch (error) {
      if (error instanceof NocError || systemErrorCode(error) !== undefined) return null
      throw error
    }
  }

  return {
    machine: createMachine(roots.proc, roots.sys, clock),
    read() {
      const monotonic = clock.monotonic()
      const at = clock.now()
      const counts = readInterrupts()
      const seconds = before ? (monotonic - before.monotonic) / 1000 : 0
      const soft = optional(() => read(paths.softirqs, softirqs, counts.cpus))
      const softnet = optional(() => parseSoftnet(readFileSync(paths.softnet, 'latin1')))
      const rates = before?.softnet && softnet && seconds > 0 ? softnetRates(before.softnet, softnet, seconds) : null
      before = { monotonic, softnet }
      // What comes back after a gap is not compared with what was before it.
      if (!soft) softMeter = createMeter()
      return {
        at,
        seconds,
        interrupts: meter.measure(counts, seconds),
        softirqs: soft && softMeter.measure(soft, seconds),
        softnet: rates,
      }
    },
  }
}
