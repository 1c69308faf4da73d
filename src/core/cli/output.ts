import { styleText } from 'node:util'
import { plain } from '../plain.ts'
import { ascii } from '../tui/text.ts'

/** The inks of the terminal; colour means state, always beside a word. */
export type Ink = 'strong' | 'faint' | 'ok' | 'warning' | 'critical' | 'accent'

const styles = {
  strong: 'bold',
  faint: 'gray',
  ok: 'green',
  warning: 'yellow',
  critical: 'red',
  accent: 'cyan',
} as const

/** Where a command's words go. The answer to stdout, everything else to stderr. */
export interface Output {
  /** True when stdout is a terminal. */
  readonly terminal: boolean
  /** Whether the terminal shows UTF-8 (sparklines, arrows); `line` and `note` write ASCII where it doesn't. */
  readonly unicode: boolean
  columns(): number
  rows(): number
  /** One line to stdout, as it is: whatever came from outside has gone through `plain` or `ink` before. */
  line(text?: string): void
  /** One JSON document on one line. */
  json(document: unknown): void
  /** Remarks, progress and warnings: stderr. */
  note(text: string): void
  /** Colours `text` when the terminal wants colour; `text` is made harmless first. */
  ink(ink: Ink, text: string): string
  /** Unformatted text or bytes to stdout, for the screen and for files in a pipe. False when the pipe is full. */
  raw(content: string | Uint8Array): boolean
}

function wantsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true
  return stream.isTTY && env['TERM'] !== 'dumb'
}

/** The process's own stdout and stderr as an Output. */
export function standardOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const colour = wantsColour(stdout, env)
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  const unicode = /utf-?8/i.test(locale)
  const fit = (text: string): string => (unicode ? text : ascii(text))
  return {
    terminal: stdout.isTTY,
    unicode,
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    line: (text = '') => void stdout.write(`${fit(text)}\n`),
    json: (document) => void stdout.write(`${JSON.stringify(document)}\n`),
    note: (text) => void stderr.write(`${fit(plain(text))}\n`),
    ink: (ink, text) => (colour ? styleText(styles[ink], plain(text), { validateStream: false }) : plain(text)),
    raw: (content) => stdout.write(content),
  }
}
