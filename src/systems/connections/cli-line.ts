import type { Output } from '#core/cli/output.ts'
import { ascii } from '#core/tui/text.ts'

/** Prints a line as the terminal can show it: without UTF-8 where it has none. */
export function printer(out: Output): (text?: string) => void {
  return (text = '') => out.line(fit(text, out))
}

/** A line as the terminal can show it. */
export function fit(text: string, out: Output): string {
  return out.unicode ? text : ascii(text)
}
