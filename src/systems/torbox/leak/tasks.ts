/** What the program inside a box is asked to try, and what it answers: JSON both ways. */

interface TaskBase {
  /** Names the task in the answer. */
  readonly id: string
  readonly timeoutMs: number
}

/** Connects, sends `token`, waits for a word back. */
export interface TcpTask extends TaskBase {
  readonly do: 'tcp'
  /** A name or an address; the zone `%*` of a link-local one stands for the box's own interface. */
  readonly host: string
  readonly port: number
  readonly token: string
  /** Address to come from; any when absent. */
  readonly from?: string
}
/** Sends `token` again and again and waits for an answer. */
export interface UdpTask extends TaskBase {
  readonly do: 'udp'
  readonly host: string
  readonly port: number
  readonly token: string
  readonly from?: string
  readonly fromPort?: number
}
/** Asks for a name; without a server the ones of resolv.conf. */
export interface DnsTask extends TaskBase {
  readonly do: 'dns'
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'TXT'
  readonly server?: { readonly host: string; readonly port: number }
}
/** One echo request, IPv4 or IPv6. */
export interface PingTask extends TaskBase {
  readonly do: 'ping'
  readonly host: string
}
/** Connects to a socket in the file system. */
export interface UnixTask extends TaskBase {
  readonly do: 'unix'
  readonly path: string
}
/** Listens for TCP and UDP, and tells who came within `timeoutMs`. */
export interface ListenTask extends TaskBase {
  readonly do: 'listen'
  readonly port: number
}
/** Sets up the network of the box anew, as root in it might; what does not work is left. */
export interface ArrangeTask extends TaskBase {
  readonly do: 'arrange'
  /** Written one after the other: path and content. A star in the path stands for the box's own interface. */
  readonly files: readonly (readonly [path: string, content: string])[]
  /** Run one after the other; the word `*` stands for the box's own interface. */
  readonly commands: readonly (readonly string[])[]
}
/** Names the interfaces there are and whether any route leads out of them. */
export interface LookTask extends TaskBase {
  readonly do: 'look'
}

export type Task = TcpTask | UdpTask | DnsTask | PingTask | UnixTask | ListenTask | ArrangeTask | LookTask

/**
 * How it went: `answered` a word came back; `connected` it was accepted, then nothing or an end; `refused` a reset or
 * an error of the network; `nothing` no answer in time; `unknown` it could not be tried (`detail` says why).
 */
export type Outcome = 'answered' | 'connected' | 'refused' | 'nothing' | 'unknown'

/** Somebody who came to a listener. */
export interface Arrival {
  readonly protocol: 'TCP' | 'UDP'
  readonly from: string
  readonly token: string
}

/** The answer to one task. */
export interface TaskResult {
  readonly id: string
  readonly outcome: Outcome
  /** In words: `ECONNREFUSED`, `connected to 172.30.0.1, closed after 12 ms`. */
  readonly detail: string
  readonly ms: number
  /** Of a listener. */
  readonly arrivals?: readonly Arrival[] | undefined
}

/** Most characters of a line or a datagram that a listener keeps; a token has 40. */
export const MOST_TOKEN = 64

/** The first word of what came, harmless. */
export function tokenOf(text: string): string {
  return /^[\w:.-]+/.exec(text.slice(0, MOST_TOKEN))?.[0] ?? ''
}

/** The program's answers, a JSON line each; what is not one is left out. */
export function parseResults(text: string): TaskResult[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return isResult(value) ? [value] : []
    } catch {
      return []
    }
  })
}

function isResult(value: unknown): value is TaskResult {
  if (typeof value !== 'object' || value === null) return false
  return 'id' in value && typeof value.id === 'string' && 'outcome' in value && 'detail' in value && 'ms' in value
}
