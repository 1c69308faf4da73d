/** A report that is longer than the screen: drawn anew whenever it changes, scrolled by keys. */
import { type ScreenOptions, openScreen } from './screen.ts'

/** What is shown and what else keys do. */
export interface ScrollOptions extends Pick<ScreenOptions, 'stdin' | 'signal'> {
  /** The line that stays, and those that scroll, at most so wide; null while there is nothing to show. */
  content(columns: number): { readonly head: string; readonly lines: readonly string[] } | null
  /** Keys beside q, Escape and Ctrl-C, which end it, and those that scroll. */
  readonly keys?: Readonly<Record<string, () => void>>
}

/** An open report. */
export interface ScrollScreen {
  /** Aborted when the user or `ScrollOptions.signal` ended it. */
  readonly signal: AbortSignal
  draw(): void
  /** Gives the terminal back; idempotent. */
  close(): void
}

/** Takes the terminal over; `draw` shows the first content. */
export function openScrollScreen(options: ScrollOptions): ScrollScreen {
  const quit = new AbortController()
  const signal = AbortSignal.any([options.signal, quit.signal])
  let scroll = 0
  const room = (): number => Math.max(1, screen.rows - 2)
  const draw = (): void => {
    const content = options.content(screen.columns)
    if (content === null) return
    scroll = Math.max(0, Math.min(scroll, content.lines.length - room()))
    screen.draw([content.head, '', ...content.lines.slice(scroll, scroll + room())])
  }
  const end = (): void => quit.abort()
  const keys: Readonly<Record<string, () => void>> = {
    q: end,
    'ctrl-c': end,
    escape: end,
    up: () => (scroll -= 1),
    down: () => (scroll += 1),
    pageup: () => (scroll -= room()),
    pagedown: () => (scroll += room()),
    home: () => (scroll = 0),
    end: () => (scroll = Infinity),
    ...options.keys,
  }
  const onKey = (key: string): void => {
    keys[key]?.()
    draw()
  }
  const screen = openScreen({
    stdin: options.stdin,
    output: { stdout: process.stdout },
    signal,
    onKey,
    onResize: draw,
  })
  return { signal, draw, close: () => screen.close() }
}
