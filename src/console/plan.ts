/** From a verdict's command to the page that plans the same. Pure. */

/** Which connections a plan is about. */
export interface CloseTarget {
  /** `192.0.2.1:80` or `[2001:db8::1]:80`, also without a port. */
  readonly remote: string
  readonly process: string | null
}

/** The words of a shell command line; understands both quotes and the backslash. */
export function shellWords(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (const [piece, single, double, escaped, space] of line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|[^\s'"\\]+/gs)) {
    if (space !== undefined) {
      if (word !== null) words.push(word)
      word = null
      continue
    }
    word = (word ?? '') + (single ?? double?.replace(/\\(.)/gs, '$1') ?? escaped ?? piece)
  }
  if (word !== null) words.push(word)
  return words
}

/** What the first `noc connections close` among `commands` would close; null when there is none. */
export function closeTarget(commands: readonly string[]): CloseTarget | null {
  for (const line of commands) {
    const words = shellWords(line)
    const verb = words.indexOf('connections')
    if (verb < 0 || words[verb + 1] !== 'close') continue
    const option = (name: string): string | null => words[words.indexOf(name) + 1] ?? null
    const remote = words.includes('--remote') ? option('--remote') : null
    if (remote !== null) return { remote, process: words.includes('--process') ? option('--process') : null }
  }
  return null
}

/** Where the plan for a target is opened. */
export function planHref({ remote, process }: CloseTarget): string {
  const query = new URLSearchParams({ close: remote, ...(process === null ? {} : { process }) })
  return `/connections?${query}`
}

/** `[2001:db8::1]:80` -> address and port; null without a port. */
export function hostAndPort(remote: string): { readonly host: string; readonly port: number } | null {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(remote)
  const host = found?.[1] ?? found?.[2]
  return host === undefined ? null : { host, port: Number(found?.[3]) }
}

/** The figure at the start of a summary: `111 ESTABLISHED ...` -> `111`. */
export function leadingCount(summary: string): string | null {
  return /^\d[\d,]*/.exec(summary)?.[0] ?? null
}
