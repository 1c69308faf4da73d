/**
 * The form of tor's control protocol (control-spec.txt, section 2): commands, replies, asynchronous events, quoting.
 * What the words mean is in `events.ts` and `info.ts`.
 */
import { NocError } from '#core/errors.ts'

/** One line of a reply, without its end. */
export interface ReplyLine {
  /** Three digits: 2xx done, 4xx and 5xx refused, 6xx an event. */
  readonly code: number
  readonly text: string
  /** The lines that follow a `+` line, joined by newlines, dots unstuffed; null for the other lines. */
  readonly data: string | null
}

/** A reply to one command, or an event; at least one line. */
export type Reply = readonly ReplyLine[]

/** How much of a peer's output is taken. */
export interface ReplyLimits {
  /** Bytes of one line. */
  readonly line: number
  /** Bytes of one whole reply. */
  readonly reply: number
}

/** `GETINFO ns/all` of 10,000 relays takes 4 MB, `desc/all-recent` about 30; tor's longest lines are a few kilobytes. */
export const REPLY_LIMITS: ReplyLimits = { line: 256 * 1024, reply: 64 * 1024 * 1024 }

/** Bytes that an empty line counts for, so that a reply of nothing but line ends is bounded as well. */
const LINE_COST = 64

const LF = 0x0a
const CR = 0x0d

/** Takes bytes as they come and answers the replies that are complete by then. Throws a NocError on what is none. */
export function replyDecoder(limits: ReplyLimits = REPLY_LIMITS): (chunk: Uint8Array) => Reply[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  let lines: ReplyLine[] = []
  let data: { code: number; text: string; lines: string[] } | null = null
  let size = 0
  let offset = 0
  let pending: Uint8Array[] = []
  let pendingSize = 0

  /** A whole line: what was pending of it and the part that ends in this chunk. */
  const takeLine = (chunk: Uint8Array, from: number, end: number): string => {
    const last = chunk.subarray(from, end)
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last])
    pending = []
    pendingSize = 0
    return text.decode(bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes)
  }
  const check = (length: number): void => {
    if (length > limits.line) throw malformed(offset, `a line of more than ${limits.line} bytes`)
    if (size + length > limits.reply) throw malformed(offset, `a reply of more than ${limits.reply} bytes`)
  }
  const takeData = (line: string): void => {
    if (data === null) return
    if (line === '.') {
      lines.push({ code: data.code, text: data.text, data: data.lines.join('\n') })
      data = null
    } else data.lines.push(line.startsWith('.') ? line.slice(1) : line)
  }
  const take = (line: string): Reply | null => {
    if (data !== null) {
      takeData(line)
      return null
    }
    const [, digits, kind] = /^([2-6]\d\d)([ +-])/.exec(line) ?? []
    if (digits === undefined) throw malformed(offset, `the line ${JSON.stringify(line.slice(0, 40))}`)
    const [code, rest] = [Number(digits), line.slice(4)]
    if (kind === '+') {
      data = { code, text: rest, lines: [] }
      return null
    }
    lines.push({ code, text: rest, data: null })
    if (kind === '-') return null
    const reply = lines
    lines = []
    return reply
  }
  return (chunk) => {
    const replies: Reply[] = []
    let from = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      const length = pendingSize + end - from
      check(length)
      const reply = take(takeLine(chunk, from, end))
      size = reply === null ? size + length + LINE_COST : 0
      offset += length + 1
      from = end + 1
      if (reply !== null) replies.push(reply)
    }
    if (from < chunk.length) pending.push(chunk.subarray(from))
    pendingSize += chunk.length - from
    check(pendingSize)
    return replies
  }
}

/** The bytes of a reply, as tor sends it. */
export function encodeReply(reply: Reply): Uint8Array {
  const lines = reply.map(({ code, text, data }, index) => {
    if (data !== null) return `${code}+${text}\r\n${stuffed(data)}.\r\n`
    return `${code}${index === reply.length - 1 ? ' ' : '-'}${text}\r\n`
  })
  return new TextEncoder().encode(lines.join(''))
}

/** A body as it follows a `+` line: a dot in front of every line that begins with one. */
function stuffed(data: string): string {
  return `${data.replace(/^\./gm, '..').replace(/\n/g, '\r\n')}\r\n`
}

/** A command's line; its parts may hold no line end, or they would be commands of their own. */
export function encodeCommand(...words: readonly string[]): Uint8Array {
  const line = words.join(' ')
  if (/[\r\n\0]/.test(line)) {
    throw new NocError('NOC_TORCONTROL_COMMAND', `A command to tor can't hold a line end: ${words[0] ?? ''}.`)
  }
  return new TextEncoder().encode(`${line}\r\n`)
}

/** A value as a QuotedString (section 2.1), for commands that take one. */
export function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`
}

const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 }

/** What a quoted string means: C escapes (octal and hexadecimal are bytes of UTF-8), and any other `\c` is c. */
export function unquote(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  const bytes: number[] = []
  for (const [whole, escape, plain] of quoted.slice(1, -1).matchAll(/\\([0-7]{1,3}|x[\da-fA-F]{2}|[^])|([^\\]+)/gu)) {
    if (escape === undefined) bytes.push(...new TextEncoder().encode(plain ?? whole))
    else if (/^[0-7]/.test(escape)) bytes.push(Number.parseInt(escape, 8) & 255)
    else if (escape.length === 3) bytes.push(Number.parseInt(escape.slice(1), 16))
    else bytes.push(...(ESCAPES[escape] === undefined ? new TextEncoder().encode(escape) : [ESCAPES[escape]]))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

/** The words of a line: those that stand for themselves, in order, and those of the form KEY=VALUE. */
export interface Words {
  readonly plain: readonly string[]
  readonly named: ReadonlyMap<string, string>
}

const QUOTED = /^"(?:[^"\\]|\\[^])*"$/u
const WORD = /([A-Za-z][A-Za-z0-9_]*=)?("(?:[^"\\]|\\[^])*"|[^ ]*)(?: +|$)/uy

/**
 * Splits a line into its words and takes quotes off. The first `positional` words stand for themselves whatever they
 * look like (a host may be called A=B). Null when a quote is not closed.
 */
export function words(line: string, positional: number): Words | null {
  const plain: string[] = []
  const named = new Map<string, string>()
  WORD.lastIndex = 0
  while (WORD.lastIndex < line.length) {
    const [whole, key, value = ''] = WORD.exec(line) ?? []
    if (whole === undefined || (value.startsWith('"') && !QUOTED.test(value))) return null
    const text = value.startsWith('"') ? unquote(value) : value
    if (key === undefined || plain.length < positional) plain.push((key ?? '') + text)
    else named.set(key.slice(0, -1), text)
  }
  return { plain, named }
}

function malformed(offset: number, what: string): NocError {
  return new NocError(
    'NOC_TORCONTROL_MALFORMED',
    `The other side does not speak tor's control protocol: ${what} at byte ${offset}.`,
    {
      hint: 'Check that this is the ControlPort or ControlSocket of a tor.',
    },
  )
}
