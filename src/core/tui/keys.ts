/** Decodes what a terminal in raw mode sends into key names. Pure; the escape timeout belongs to the caller. */
import { StringDecoder } from 'node:string_decoder'

// Final bytes of CSI and SS3 sequences (ECMA-48, xterm control sequences); modifiers are not told apart.
const FINALS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  Z: 'shift-tab',
}
// `CSI number ~` (VT220, rxvt).
const NUMBERED: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
}
const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  ' ': 'space',
  '\0': 'ctrl-space',
}
/** Characters of an unfinished escape sequence that are kept; longer ones are garbage (no key sends so many). */
const MAX_SEQUENCE = 64

/** Turns chunks of terminal input into key names; keeps unfinished sequences between chunks. */
export interface KeyDecoder {
  /** Keys that are complete now: `q`, `up`, `pagedown`, `enter`, `ctrl-c`, `alt-x`, `space`. */
  feed(chunk: Uint8Array): string[]
  /** True when an escape sequence has begun and not ended. */
  readonly pending: boolean
  /** Nothing more came: a lone ESC was the escape key, anything else unfinished is dropped. */
  flush(): string[]
}

function plainKey(character: string): string | null {
  const named = CONTROLS[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0) ?? 0
  if (code < 0x1b) return `ctrl-${String.fromCharCode(code + 0x60)}`
  return code < 0x20 || (code >= 0x80 && code < 0xa0) || code === 0xfffd ? null : character
}

/** One key at the start of `text`: its name (null: ignored) and length, or null when the sequence is unfinished. */
function decode(text: string): { readonly name: string | null; readonly length: number } | null {
  if (text[0] !== '\u001b') {
    const character = String.fromCodePoint(text.codePointAt(0) ?? 0)
    return { name: plainKey(character), length: character.length }
  }
  if (text.length === 1) return null
  if (text[1] === '\u001b') return { name: 'escape', length: 1 }
  if (text[1] === '[' || text[1] === 'O') {
    const match = text[1] === 'O' ? /^.O([!-~])/u.exec(text) : /^.\[([0-?]*)[ -/]*([@-~])/u.exec(text)
    if (match === null) {
      const broken = text.slice(2).search(/[^ -?]/)
      if (broken >= 0) return { name: null, length: broken + 2 }
      return text.length < MAX_SEQUENCE ? null : { name: null, length: text.length }
    }
    const final = match.at(-1) ?? ''
    const number = /^\d+/.exec(match[1] ?? '')?.[0] ?? ''
    // The keypad's Enter; behind CSI an M begins a mouse report.
    const name = text[1] === 'O' && final === 'M' ? 'enter' : final === '~' ? NUMBERED[number] : FINALS[final]
    return { name: name ?? null, length: match[0].length }
  }
  const character = String.fromCodePoint(text.codePointAt(1) ?? 0)
  const key = plainKey(character)
  return { name: key === null ? null : `alt-${key}`, length: 1 + character.length }
}

/** A decoder with its own state, one per terminal. */
export function keyDecoder(): KeyDecoder {
  const utf8 = new StringDecoder('utf8')
  let rest = ''
  return {
    get pending() {
      return rest !== ''
    },
    feed(chunk) {
      rest += utf8.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      const keys: string[] = []
      while (rest !== '') {
        const key = decode(rest)
        if (key === null) break
        if (key.name !== null) keys.push(key.name)
        rest = rest.slice(key.length)
      }
      return keys
    },
    flush() {
      const keys = rest === '\u001b' ? ['escape'] : []
      rest = ''
      return keys
    },
  }
}
