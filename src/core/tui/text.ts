/**
 * Text for terminals. Names of processes, interrupts and hosts come from outside and may hold escape sequences:
 * nothing reaches a terminal that has not gone through `plain`.
 */

// C0, DEL, C1; line and paragraph separators; bidirectional overrides and isolates (they reorder what is read).
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/g

/** Replaces control, bidi and zero-width characters by a visible mark (control pictures where Unicode has one). */
export function plain(text: string): string {
  return text.replace(HARMFUL, (c) => {
    const code = c.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '\u2421' : '\ufffd'
  })
}

// Escape sequences that our own `ink` makes; they have no width.
const STYLE = /\u001b\[[0-9;]*m/g
// Wide by East Asian Width (UAX #11, the blocks that occur in names) and emoji.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\ud83c-\ud83e][\udc00-\udfff]/g
const MARK = /\p{M}/gu

/** Columns that `text` takes; styles count nothing, wide characters two, combining marks none. */
export function width(text: string): number {
  const bare = text.includes('\u001b') ? text.replace(STYLE, '') : text
  if (/^[\u0020-\u007e]*$/.test(bare)) return bare.length
  const wide = bare.match(WIDE)?.reduce((sum, c) => sum + 2 - c.length, 0) ?? 0
  const marks = bare.match(MARK)?.length ?? 0
  return bare.length + wide - marks
}

/** Pads to `columns` on the right (or left for figures); longer text is left as it is. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)))
  return side === 'right' ? text + space : space + text
}
