/** Samples in a file: one JSON document a line, the same as `--json` prints. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { exitCode, NocError, reasonOf, systemErrorCode } from '#core/errors.ts'
import { sampleSchema } from './schema.ts'
import type { InterruptsSample } from './wire.ts'

/** An open recording. */
export interface Recording {
  keep(document: InterruptsSample): void
  close(): void
}

/** Opens a new file; an existing one is never touched. */
export function createRecording(file: string): Recording {
  const refuse = (error: unknown): never => {
    const exists = systemErrorCode(error) === 'EEXIST'
    throw new NocError(
      'NOC_INTERRUPTS_RECORD',
      `Can't record to ${file}: ${exists ? 'it exists already' : reasonOf(error)}`,
      {
        ...(exists ? { hint: 'Take another name; a recording is never overwritten.', exit: exitCode.usage } : {}),
        cause: error,
      },
    )
  }
  let fd: number
  try {
    fd = openSync(file, 'wx')
  } catch (error) {
    return refuse(error)
  }
  return {
    keep(document) {
      const bytes = Buffer.from(`${JSON.stringify(document)}\n`)
      try {
        for (let from = 0; from < bytes.length;) from += writeSync(fd, bytes, from)
      } catch (error) {
        refuse(error)
      }
    },
    close: () => closeSync(fd),
  }
}

/** The document of one line, null when it is cut off or no JSON at all, or what is wrong with it. */
function parse(line: string): InterruptsSample | string | null {
  let document: unknown
  try {
    document = JSON.parse(line)
  } catch {
    return null
  }
  const result = v.safeParse(sampleSchema, document)
  if (!result.success) {
    const [issue] = result.issues
    return `${v.getDotPath(issue) ?? 'the document'}: ${issue.message}`
  }
  const { cpus, interrupts, softirqs } = result.output
  const fits = [...interrupts, ...softirqs].every(
    ({ counts, rates }) => Math.max(counts.length, rates.length) <= cpus.length,
  )
  return fits ? result.output : 'it has more counts than CPUs'
}

/** Reads a recording back. A last line that was cut off (the recorder was killed) is left out and told to `note`. */
export async function* readRecording(file: string, note: (text: string) => void): AsyncGenerator<InterruptsSample> {
  const fail = (what: string, cause?: unknown): NocError =>
    new NocError('NOC_INTERRUPTS_REPLAY', `${file}${what}`, {
      hint: '--replay reads what --record or --json wrote.',
      exit: exitCode.usage,
      cause,
    })
  const stream = createReadStream(file)
  let number = 0
  let torn = false
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      if (line.trim() === '') continue
      if (torn) throw fail(`, document ${number}: no JSON`)
      number += 1
      const document = parse(line)
      if (typeof document === 'string') throw fail(`, document ${number}: ${document}`)
      if (document === null) torn = true
      else yield document
    }
  } catch (error) {
    throw error instanceof NocError ? error : fail(`: ${reasonOf(error)}`, error)
  } finally {
    stream.destroy()
  }
  if (torn && number === 1) throw fail(': it holds no JSON documents')
  if (torn) note(`The last line of ${file} was cut off and is left out.`)
}
