import { pino } from 'pino'
import { plain } from '../plain.ts'
import type { Logger } from './logger.ts'

/** Keys whose values never reach a log, wherever they come from. */
const SECRET_KEYS = ['token', 'authorization', 'webhook', '*.token', '*.authorization', '*.webhook']

interface Line {
  readonly level: number
  readonly time: number
  readonly msg: string
  readonly system?: string
  readonly why?: string
}

/** One readable line of a JSON log line, for a person at a terminal. */
function readable(json: string): string {
  const { level, time, msg, system, why } = JSON.parse(json) as Line
  const word = level >= 50 ? 'error ' : level >= 40 ? 'warning ' : ''
  const at = new Date(time).toTimeString().slice(0, 8)
  return `${plain(`${at} ${word}${system === undefined ? '' : `${system}: `}${msg}${why === undefined ? '' : `: ${why}`}`)}\n`
}

/** The daemon's log: JSON lines to stderr, or readable ones when stderr is a terminal. */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error', stderr: NodeJS.WriteStream): Logger {
  return pino(
    { level, base: null, redact: { paths: SECRET_KEYS, censor: 'secret' } },
    { write: (json: string) => void stderr.write(stderr.isTTY ? readable(json) : json) },
  )
}
