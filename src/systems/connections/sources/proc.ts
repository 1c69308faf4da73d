import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { NocError, systemErrorCode } from '#core/errors.ts'
import type { Socket } from '../socket.ts'
import { parseProcLine } from './proc-text.ts'

/** Most that is read of one file: about 400,000 sockets at 150 bytes each. */
const MAX_BYTES = 64 * 1024 * 1024
/** The longest line the kernel writes is 200 bytes. */
const MAX_LINE = 4096

const FILES = [
  { file: 'tcp', protocol: 'tcp', what: 'TCP over IPv4' },
  { file: 'tcp6', protocol: 'tcp', what: 'TCP over IPv6' },
  { file: 'udp', protocol: 'udp', what: 'UDP over IPv4' },
  { file: 'udp6', protocol: 'udp', what: 'UDP over IPv6' },
] as const

/** Not there: for IPv6 that only means that the kernel runs without it. */
const ABSENT = 'is not there'

/** What these files never tell. */
const PROC_UNKNOWN = ['idle times', 'bytes sent and received'] as const

/** Sockets and what is unknown about them. */
export interface ProcReading {
  readonly sockets: Socket[]
  readonly unknown: string[]
}

/** All TCP and UDP sockets from /proc/net. A broken file costs its own sockets only, and is named in `unknown`. */
export async function readProc(proc: string, signal?: AbortSignal): Promise<ProcReading> {
  const sockets: Socket[] = []
  const unknown: string[] = [...PROC_UNKNOWN]
  let readable = 0
  for (const { file, protocol, what } of FILES) {
    const path = join(proc, 'net', file)
    const fault = await readFile(path, protocol, sockets, signal)
    if (fault === ABSENT && file.endsWith('6')) continue
    if (fault !== null) unknown.push(`${what} (${path} ${fault})`)
    if (fault === null || fault.startsWith('is cut')) readable += 1
  }
  if (readable === 0) {
    throw new NocError('NOC_CONNECTIONS_PROC', `There are no sockets to read: ${unknown.slice(2).join('; ')}.`)
  }
  return { sockets, unknown }
}

/** Adds the sockets of one file; answers what is wrong with it, null when nothing. */
async function readFile(
  path: string,
  protocol: 'tcp' | 'udp',
  into: Socket[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  let rest = ''
  let header = false
  let strange = 0
  let read = 0
  const line = (text: string): void => {
    if (!header) header = /local_address/.test(text)
    else if (text.trim() !== '') {
      const socket = parseProcLine(text, protocol)
      if (socket === null) strange += 1
      else into.push(socket)
    }
  }
  try {
    const options = {
      encoding: 'latin1',
      highWaterMark: 256 * 1024,
      end: MAX_BYTES,
      ...(signal ? { signal } : {}),
    } as const
    for await (const chunk of createReadStream(path, options)) {
      const text = String(chunk)
      read += text.length
      const lines = (rest + text).split('\n')
      rest = (lines.pop() ?? '').slice(0, MAX_LINE)
      lines.forEach(line)
    }
  } catch (error) {
    signal?.throwIfAborted()
    const code = systemErrorCode(error)
    return code === 'ENOENT' ? ABSENT : `can't be read: ${code ?? 'unknown error'}`
  }
  if (!header) return read === 0 ? 'is empty' : 'has no header: it is not a socket list'
  if (read > MAX_BYTES) return `is cut off after ${MAX_BYTES} bytes`
  if (rest !== '') return 'is cut off in the middle of a line'
  return strange === 0 ? null : `is cut or damaged in ${strange} lines`
}
