import { NocError, exitCode } from '#core/errors.ts'
import { normalAddress } from '#proto/netlink/address.ts'
import { type Group, KEYS, type Key } from './groups.ts'

/** An address, perhaps with a port. */
export interface Remote {
  readonly host: string
  readonly port: number | null
}

/** Which connections are meant; null: any. */
export interface Filter {
  readonly remote: Remote | null
  readonly process: string | null
  readonly state: string | null
  /** The service's port, ours or the remote's. */
  readonly port: number | null
}

/** Everything. */
export const ANY: Filter = { remote: null, process: null, state: null, port: null }

/** Takes `host`, `host:port`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80` apart; null when it is none of these. */
export function parseEndpoint(text: string): Remote | null {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^[\]:\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  if (bracketed === undefined && plain === undefined) {
    const ip = normalAddress(text)
    return ip === null ? null : { host: ip, port: null }
  }
  const port = portText === undefined ? null : Number(portText)
  if (port !== null && (port < 1 || port > 65_535)) return null
  if (bracketed !== undefined) {
    const ip = bracketed.includes(':') ? normalAddress(bracketed) : null
    return ip === null ? null : { host: ip, port }
  }
  return { host: normalAddress(plain ?? '') ?? plain ?? '', port }
}

/** The remote of `--remote`: an address; names are not looked up, that would be traffic nobody asked for. */
export function parseRemote(text: string): Remote {
  const remote = parseEndpoint(text)
  if (remote === null || normalAddress(remote.host) === null) {
    throw new NocError('NOC_CONNECTIONS_REMOTE', `"${text}" is not an address like 192.0.2.1:80 or [2001:db8::1]:80.`, {
      exit: exitCode.usage,
      hint: 'Give the address as `noc connections` shows it; the port may be left out.',
    })
  }
  return remote
}

/** The state of `--state`, as we write it: `established`, `close_wait` and `ESTAB` are understood. */
export function parseState(text: string): string {
  const state = text.toUpperCase().replace(/_/g, '-')
  return state === 'ESTAB' ? 'ESTABLISHED' : state
}

function isKey(word: string): word is Key {
  return KEYS.some((key) => key === word)
}

/** The keys of `--by`; `remote` stands for host and port. */
export function parseKeys(text: string | undefined): readonly Key[] {
  if (text === undefined) return KEYS
  const words = text.split(',').map((word) => word.trim())
  const keys = words.flatMap((word) => (word === 'remote' ? ['host', 'port'] : [word]))
  const wrong = keys.find((word) => !isKey(word))
  if (wrong !== undefined) {
    throw new NocError('NOC_CONNECTIONS_KEYS', `--by does not know "${wrong}".`, {
      exit: exitCode.usage,
      hint: `It takes remote (or host, port), process, unit, user and state, with commas between.`,
    })
  }
  return keys.filter(isKey)
}

/** Whether a group's connections are meant. */
export function matches(group: Group, filter: Filter): boolean {
  const { remote, process, state, port } = filter
  if (remote !== null && group.host !== remote.host) return false
  if (remote !== null && remote.port !== null && (group.direction !== 'out' || group.port !== remote.port)) return false
  if (process !== null && group.process !== process) return false
  if (state !== null && group.state !== state) return false
  return port === null || group.port === port
}
