/** From a verdict's command to the page that plans the same. Pure. */

/** Which connections a plan is about; the body of the request, without a plan. */
export interface CloseTarget {
  /** `192.0.2.1:80` or `[2001:db8::1]:80`; without a port for connections that came in. */
  readonly remote: string
  readonly process?: string
  /** `close-wait`; any when absent. */
  readonly state?: string
  /** Port of the service, for connections that came in. */
  readonly port?: number
}

/** `$'...'`: bytes written as \\xNN. */
function unescaped(text: string): string {
  const bytes = [...text.matchAll(/\\x([0-9a-f]{2})|\\(.)|(.)/gs)].flatMap(([, hex, escaped, plain]) =>
    hex === undefined ? [...new TextEncoder().encode(escaped ?? plain ?? '')] : [Number.parseInt(hex, 16)],
  )
  return new TextDecoder().decode(new Uint8Array(bytes))
}

const PIECE = /\$'((?:[^'\\]|\\.)*)'|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|[^\s'"\\$]+|\$/gs

/** The words of a shell command line; understands quotes, `$'...'` and the backslash. */
export function shellWords(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (const [piece, ansi, single, double, escaped, space] of line.matchAll(PIECE)) {
    if (space !== undefined) {
      if (word !== null) words.push(word)
      word = null
      continue
    }
    const text = ansi === undefined ? (single ?? double?.replace(/\\(.)/gs, '$1') ?? escaped ?? piece) : unescaped(ansi)
    word = (word ?? '') + text
  }
  if (word !== null) words.push(word)
  return words
}

function option(words: readonly string[], name: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`--${name}=`))
  if (joined !== undefined) return joined.slice(name.length + 3)
  const at = words.indexOf(`--${name}`)
  return at < 0 ? undefined : words[at + 1]
}

function targetOf(remote: string, given: (name: string) => string | null | undefined): CloseTarget {
  const [process, state, port] = [given('process'), given('state'), Number(given('port'))]
  return { remote, ...(process ? { process } : {}), ...(state ? { state } : {}), ...(port > 0 ? { port } : {}) }
}

/** What the first `noc connections close` among `commands` would close; null when there is none. */
export function closeTarget(commands: readonly string[]): CloseTarget | null {
  for (const line of commands) {
    const words = shellWords(line)
    const remote = option(words, 'remote')
    if (words[1] === 'connections' && words[2] === 'close' && remote)
      return targetOf(remote, (name) => option(words, name))
  }
  return null
}

/** The remote that the first `noc connections probe` among `commands` would ask; null when there is none. */
export function probeTarget(commands: readonly string[]): HostAndPort | null {
  for (const line of commands) {
    const words = shellWords(line)
    if (words[1] === 'connections' && words[2] === 'probe') return hostAndPort(words[3] ?? '')
  }
  return null
}

/** Where the plan for a target is opened. */
export function planHref({ remote, ...rest }: CloseTarget): string {
  const more = Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)])
  return `/connections?${new URLSearchParams([['close', remote], ...more])}`
}

/** The target that an address opens a plan for; null when it opens none. */
export function targetInQuery(query: URLSearchParams): CloseTarget | null {
  const remote = query.get('close')
  return remote ? targetOf(remote, (name) => query.get(name)) : null
}

/** An address and a port. */
export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** `[2001:db8::1]:80` -> address and port; null without a port. */
export function hostAndPort(remote: string): HostAndPort | null {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(remote)
  const host = found?.[1] ?? found?.[2]
  return host === undefined ? null : { host, port: Number(found?.[3]) }
}

/** The figure at the start of a summary: `111 ESTABLISHED ...` -> `111`. */
export function leadingCount(summary: string): string | null {
  return /^\d[\d,]*/.exec(summary)?.[0] ?? null
}
