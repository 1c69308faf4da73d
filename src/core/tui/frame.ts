/** What to write so that a terminal that shows one frame shows the next: only the lines that changed. Pure. */
import { cut, width } from './text.ts'

/** DEC private mode 2026: a terminal that knows it shows the frame at once; others ignore it. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'
const RESET = '\u001b[0m'
const ERASE_RIGHT = '\u001b[K'

/** A frame as it stands on the terminal, and the bytes that bring it there. */
export interface Frame {
  /** One entry a row, cut to the width. */
  readonly shown: readonly string[]
  /** Empty when nothing changed. */
  readonly text: string
}

/** Compares with the frame before; `previous` empty draws everything. Lines beyond `rows` are left out. */
export function nextFrame(previous: readonly string[], lines: readonly string[], columns: number, rows: number): Frame {
  const shown: string[] = []
  let text = ''
  for (let row = 0; row < rows; row += 1) {
    const line = cut(lines[row] ?? '', columns)
    shown.push(line)
    if (line === previous[row]) continue
    text += `\u001b[${row + 1};1H${line}`
    if (line.includes('\u001b')) text += RESET
    // Erasing after a full line would take its last character: the cursor still stands on it.
    if (width(line) < columns) text += ERASE_RIGHT
  }
  return { shown, text: text === '' ? '' : BEGIN + text + END }
}
