/** Reads the files of one /proc, as often as asked. Shared by the command and the daemon. */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#core/clock.ts'
import { NocError, reasonOf, systemErrorCode } from '#core/errors.ts'
import { createMeter } from './delta.ts'
import { countsParser } from './parse.ts'
import type { Machine, Sample } from './sample.ts'
import { parseSoftnet, softnetRates, type SoftnetCounts } from './softnet.ts'
import { createMachine } from './topology.ts'

/** Most bytes of one file; 1,024 CPUs with 5,000 lines write 56 MB. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024
/** First size of the buffer; fits 64 CPUs with 300 lines. */
const FIRST_BUFFER_BYTES = 256 * 1024
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

interface FileReader {
  /** The bytes of the file; valid until the next call. */
  read(path: string): Uint8Array
}

/** Reads synchronously: procfs gives a page at a time, and 500 trips to a thread cost ten times the reading. */
function fileReader(): FileReader {
  let buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES)
  const fill = (fd: number, path: string): Uint8Array => {
    let length = 0
    for (;;) {
      const count = readSync(fd, buffer, length, buffer.length - length, null)
      length += count
      if (count === 0) return buffer.subarray(0, length)
      if (length < buffer.length) continue
      if (length >= MAX_FILE_BYTES) {
        throw new NocError(
          'NOC_INTERRUPTS_HUGE',
          `${path} is larger than ${MAX_FILE_BYTES / 2 ** 20} MB, which no kernel writes`,
        )
      }
      const larger = Buffer.allocUnsafeSlow(buffer.length * 2)
      larger.set(buffer)
      buffer = larger
    }
  }
  return {
    read(path) {
      const fd = openSync(path, 'r')
      try {
        return fill(fd, path)
      } finally {
        closeSync(fd)
      }
    },
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
  const file = fileReader()
  const interrupts = countsParser(paths.interrupts)
  const softirqs = countsParser(paths.softirqs, false)
  const meter = createMeter()
  let softMeter = createMeter()
  let before: { readonly monotonic: number; readonly softnet: SoftnetCounts | null } | null = null

  const readInterrupts = (): ReturnType<typeof interrupts.parse> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return interrupts.parse(file.read(paths.interrupts))
      } catch (error) {
        if (tries >= TRIES || !(error instanceof NocError) || error.code !== 'NOC_INTERRUPTS_LINE') {
          throw unreadable(paths.interrupts, error)
        }
      }
    }
  }
  const optional = <T>(make: () => T): T | null => {
    try {
      return make()
    } catch {
      return null
    }
  }

  return {
    machine: createMachine(roots.proc, roots.sys, clock),
    read() {
      const monotonic = clock.monotonic()
      const at = clock.now()
      const counts = readInterrupts()
      const seconds = before ? (monotonic - before.monotonic) / 1000 : 0
      const soft = optional(() => softirqs.parse(file.read(paths.softirqs), counts.cpus))
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
