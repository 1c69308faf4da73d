/**
 * Names of processes, interrupts and hosts come from outside and may hold escape sequences: nothing reaches a terminal
 * that has not gone through `plain`, and the console's pages use it too. Free of imports for that reason.
 */

/** Nearly every text: nothing harmful, one column a character. Asked first, as the rest is slow. */
const SIMPLE = /^[\u0020-\u007e]*$/

// Control (C0, DEL, C1), format (bidirectional overrides, zero width, tags) and lone surrogates; line separators.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** Replaces control, bidi and zero-width characters by a visible mark (control pictures where Unicode has one). */
export function plain(text: string): string {
  if (SIMPLE.test(text)) return text
  return text.replace(HARMFUL, (c) => {
    const code = c.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '\u2421' : '\ufffd'
  })
}

/** With one full stop at the end, whoever wrote it; nothing stays nothing. */
export function stopped(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`
}
