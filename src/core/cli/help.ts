import { width, wrap } from '../tui/text.ts'

/** Wider text is hard to read, columns. */
const WIDEST = 100

/**
 * Breaks the lines of a help text that are wider than the terminal (a pipe counts as wide): what is behind a flag stays
 * in its column, and a flag of the usage stays whole.
 */
export function wrapHelp(help: string, columns: number = WIDEST): string {
  const most = Math.min(columns, WIDEST)
  return help
    .split('\n')
    .flatMap((line) => (width(line) <= most ? [line] : wrapLine(line, most)))
    .join('\n')
}

const WITHIN_BRACKETS = /\[[^\]]*\]/g

function wrapLine(line: string, most: number): string[] {
  // A flag and what is between it and its column; else what is before the first word.
  const [flag = ''] = /^ +.*?--.*? {2,}/.exec(line) ?? []
  const [indent = ''] = /^ */.exec(line) ?? []
  const lead = width(flag) > 0 && width(flag) < most / 2 ? flag : indent
  const hanging = width(lead) + (/^ {2}\S*noc /.test(line) ? 4 : 0)
  const rest = line.slice(lead.length).replaceAll(WITHIN_BRACKETS, (flag) => flag.replaceAll(' ', '\u00a0'))
  const lines = wrap(rest, most - hanging).map((part) => part.replaceAll('\u00a0', ' '))
  return lines.map((part, index) => (index === 0 ? lead : ' '.repeat(hanging)) + part)
}
