import { count, duration, text } from '#core/units.ts'
import type { Group } from './groups.ts'
import { endpoint } from './socket.ts'

/** `+9/min`, `-0.4/min`. */
export function growthText(perMinute: number): string {
  const size = Math.abs(perMinute)
  return `${perMinute < 0 ? '-' : '+'}${size < 1 ? size.toFixed(1) : count(size)}/min`
}

/** `41 min`. */
export function timeText(ms: number): string {
  return text(duration(ms))
}

/** The program, as a sentence names it. */
export function programText(group: Group): string {
  if (group.process !== null) return group.process
  return group.user === null ? 'an unknown process' : `a process of ${group.user}`
}

/** A sentence that may begin with our own words for a program; names of programs keep their case. */
export function sentence(text: string): string {
  return text.replace(/^(?:an? )/, (article) => article.charAt(0).toUpperCase() + article.slice(1))
}

/** `apache2 -> 192.0.2.1 port 80`, or `apache2 port 80 <- 192.0.2.7` for what came in. */
export function pathText(group: Group): string {
  const program = programText(group)
  if (group.direction === 'out') return `${program} -> ${group.host ?? '*'} port ${group.port ?? '*'}`
  return `${program} port ${group.port ?? '*'}${group.host === null ? '' : ` <- ${group.host}`}`
}

/** One argument of a shell command, so that neither the shell nor the terminal finds a meaning in it. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (/^[\u0020-\u007e]*$/.test(word)) return `'${word.replace(/'/g, `'\\''`)}'`
  const bytes = [...Buffer.from(word)].map((byte) => {
    const printable = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
    return printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `$'${bytes.join('')}'`
}

/** Asks whether the group's remote still hangs; none for connections that came in. */
export function probeCommand(group: Group): string[] {
  if (group.direction === 'in' || group.host === null || group.port === null) return []
  return [`noc connections probe ${shellWord(endpoint(group.host, group.port))}`]
}

/** Closes the group's connections; none when they have no single remote. */
export function closeCommand(group: Group): string[] {
  if (group.host === null) return []
  const outgoing = group.direction === 'out'
  const parts = ['noc connections close --remote', shellWord(endpoint(group.host, outgoing ? group.port : null))]
  if (!outgoing && group.port !== null) parts.push(`--port ${group.port}`)
  if (group.process !== null) parts.push(`--process=${shellWord(group.process)}`.replace(/=(?!-)/, ' '))
  if (group.state !== null && group.state !== 'ESTABLISHED') parts.push(`--state ${group.state.toLowerCase()}`)
  return [parts.join(' ')]
}

/** Restarts the group's service; none when it is no service's. */
export function restartCommand(group: Group): string[] {
  return group.unit?.endsWith('.service') ? [`systemctl restart ${shellWord(group.unit)}`] : []
}
