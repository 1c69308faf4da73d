/** Text for terminals: how wide it is, cut, padded, without UTF-8. */
import { plain } from '../plain.ts'
import { middle } from '../units.ts'

/** Nearly every text: one column a character. Asked first, as the rest is slow. */
const SIMPLE = /^[\u0020-\u007e]*$/

// Escape sequences that our own `ink` makes; they have no width.
const STYLE = /\u001b\[[0-9;]*m/g
// Wide by East Asian Width (UAX #11, the blocks that occur in names) and emoji.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu
const MARK = /\p{M}/gu
const PAIR = /[\u{10000}-\u{10ffff}]/gu

/** Columns that `text` takes; styles count nothing, wide characters two, combining marks none. */
export function width(text: string): number {
  if (SIMPLE.test(text)) return text.length
  const bare = text.includes('\u001b') ? text.replace(STYLE, '') : text
  const characters = bare.length - (bare.match(PAIR)?.length ?? 0)
  return characters + (bare.match(WIDE)?.length ?? 0) - (bare.match(MARK)?.length ?? 0)
}

/** Pads to `columns` on the right (or left for figures); longer text is left as it is. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)))
  return side === 'right' ? text + space : space + text
}

const TOKENS = /\u001b\[[0-9;]*m|[\s\S]/gu

/**
 * Cuts to `columns`; styles are kept, and every other control character is made harmless (a last line of defence:
 * texts from outside have gone through `plain` before).
 */
export function cut(text: string, columns: number): string {
  if (SIMPLE.test(text)) return text.length <= columns ? text : text.slice(0, Math.max(0, columns))
  const bare = text.replace(STYLE, '')
  if (width(bare) <= columns && plain(bare) === bare) return text
  let result = ''
  let used = 0
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.length > 1 && token.startsWith('\u001b')) {
      result += token
      continue
    }
    const shown = plain(token)
    used += width(shown)
    if (used > columns) break
    result += shown
  }
  return result
}

/** Keeps both ends of a long name within `columns`, as it is shown. */
export function shorten(text: string, columns: number): string {
  let room = columns
  let short = middle(text, room)
  while (room > 0 && width(short) > columns) short = middle(text, (room -= 1))
  // An astral character may have been cut in two.
  return short === text ? text : plain(short)
}

// What our own texts use, in ASCII; everything else becomes a question mark.
const ASCII: Readonly<Record<string, string>> = {
  '●': 'o',
  '◆': '*',
  '■': '#',
  '…': '~',
  '·': '.',
  '→': '>',
  '↑': '^',
  '↓': 'v',
  '–': '-',
  '×': 'x',
}

/** For terminals that don't show UTF-8: there a byte of it may even be a control code (0x9b is CSI). */
export function ascii(text: string): string {
  return text.replace(/[^\u0000-\u007e]/gu, (c) => ASCII[c] ?? '?')
}

/** Fewer columns than these are not worth breaking lines for. */
const LEAST_COLUMNS = 24

/** Lines of at most so many columns, broken between words; a longer word stands alone. */
export function wrap(text: string, columns: number): string[] {
  if (columns < LEAST_COLUMNS || !Number.isFinite(columns)) return [text]
  const lines: string[] = []
  let line = ''
  for (const part of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(part) > columns) {
      lines.push(line)
      line = part
    } else line = line === '' ? part : `${line} ${part}`
  }
  return [...lines, line]
}
