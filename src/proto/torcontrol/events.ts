/** What tor says about circuits, streams, connections and itself (control-spec.txt, section 4.1), as typed objects. */
import { type Reply, type Words, words } from './codec.ts'

/** A relay on a path: 40 hex digits and, where tor says it, the nickname, which anybody may choose. */
export interface PathRelay {
  readonly fingerprint: string
  readonly nickname: string | null
}

const CIRCUIT_STATES = ['LAUNCHED', 'BUILT', 'GUARD_WAIT', 'EXTENDED', 'FAILED', 'CLOSED'] as const

/** A circuit, in an event or in a line of `GETINFO circuit-status`. */
export interface Circuit {
  readonly id: string
  readonly state: (typeof CIRCUIT_STATES)[number]
  /** From the guard on, as far as it is built. */
  readonly path: readonly PathRelay[]
  /** `GENERAL`, `HS_CLIENT_REND`, `CONFLUX_LINKED` ...; new versions of tor add words. */
  readonly purpose: string | null
  /** BUILD_FLAGS: `NEED_CAPACITY`, `IS_INTERNAL` ... */
  readonly flags: readonly string[]
  /** For circuits of onion services: `HSCI_INTRO_SENT` ... */
  readonly onionState: string | null
  /** The onion service's address without `.onion`. */
  readonly onion: string | null
  /** ms since 1970. */
  readonly created: number | null
  /** Why it failed or was closed: by us, and by the relay that closed it. */
  readonly reason: string | null
  readonly remoteReason: string | null
  /** Circuits with the same one carry the same streams together (proposal 329). */
  readonly conflux: string | null
  /** The login of the streams it is kept for (IsolateSOCKSAuth). */
  readonly login: Login | null
}

/** What a client logged in with at the SOCKS port. */
export interface Login {
  readonly user: string
  readonly password: string
}

const STREAM_STATES = [
  'NEW',
  'NEWRESOLVE',
  'REMAP',
  'SENTCONNECT',
  'SENTRESOLVE',
  'SUCCEEDED',
  'FAILED',
  'CLOSED',
  'DETACHED',
  'CONTROLLER_WAIT',
  'XOFF_SENT',
  'XOFF_RECV',
  'XON_SENT',
  'XON_RECV',
] as const

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A stream, in an event or in a line of `GETINFO stream-status`. */
export interface Stream {
  readonly id: string
  readonly state: (typeof STREAM_STATES)[number]
  /** Null while it has none. */
  readonly circuit: string | null
  /** What the client asked for; from REMAP on, the address that the exit found for it. */
  readonly target: Endpoint
  /** Where the client is, told when the stream is new: on a Unix socket, its path and port 0. */
  readonly source: Endpoint | null
  /** `SOCKS5`, `SOCKS4`, `TRANS`, `NATD`, `DNS`, `HTTPCONNECT`, `METRICS`, `UNKNOWN`. */
  readonly protocol: string | null
  readonly purpose: string | null
  readonly reason: string | null
  readonly remoteReason: string | null
  readonly login: Login | null
}

const CONNECTION_STATES = ['NEW', 'LAUNCHED', 'CONNECTED', 'FAILED', 'CLOSED'] as const

/** A TLS connection to a relay. */
export interface RelayConnection {
  readonly state: (typeof CONNECTION_STATES)[number]
  /** A relay that tor knows, or an address and port. */
  readonly target: PathRelay | Endpoint
  readonly id: string | null
  readonly reason: string | null
  /** Circuits on it. */
  readonly circuits: number | null
}

const SEVERITIES = ['NOTICE', 'WARN', 'ERR'] as const

/** An event; `unknown` is one that we don't know or whose fields are not as the specification says. */
export type ControlEvent =
  | { readonly type: 'circuit'; readonly circuit: Circuit }
  /** `PURPOSE_CHANGED` or `CANNIBALIZED`: a circuit is used for something else. */
  | { readonly type: 'circuit-change'; readonly change: string; readonly circuit: Omit<Circuit, 'state'> }
  | { readonly type: 'stream'; readonly stream: Stream }
  | { readonly type: 'connection'; readonly connection: RelayConnection }
  /** Bytes since the last event of this stream: read by the application, and written by it. */
  | { readonly type: 'stream-bandwidth'; readonly stream: string; readonly read: number; readonly written: number }
  /** Bytes of cells since the last event of this circuit; `delivered` and `overhead` count what cells carry. */
  | {
      readonly type: 'circuit-bandwidth'
      readonly circuit: string
      readonly read: number
      readonly written: number
      readonly deliveredRead: number | null
      readonly deliveredWritten: number | null
    }
  /** Bytes of the whole tor in the last second. */
  | { readonly type: 'bandwidth'; readonly read: number; readonly written: number }
  | {
      readonly type: 'status'
      readonly severity: (typeof SEVERITIES)[number]
      /** `BOOTSTRAP`, `CIRCUIT_ESTABLISHED` ... */
      readonly action: string
      readonly details: Readonly<Record<string, string>>
    }
  | { readonly type: 'unknown'; readonly text: string }

/** Reads an event; never throws. */
export function parseEvent(reply: Reply): ControlEvent {
  const text = reply[0]?.text ?? ''
  const [keyword = '', ...rest] = text.split(' ')
  return READERS.get(keyword)?.(rest.join(' ')) ?? { type: 'unknown', text }
}

const READERS: ReadonlyMap<string, (line: string) => ControlEvent | null> = new Map(
  Object.entries({
    CIRC: (line) => {
      const circuit = parseCircuit(line)
      return circuit && { type: 'circuit', circuit }
    },
    CIRC_MINOR: (line) => {
      const { word: change, circuit } = readCircuit(line) ?? {}
      return change === undefined || circuit === undefined ? null : { type: 'circuit-change', change, circuit }
    },
    STREAM: (line) => {
      const stream = parseStream(line)
      return stream && { type: 'stream', stream }
    },
    ORCONN: (line) => {
      const connection = parseConnection(line)
      return connection && { type: 'connection', connection }
    },
    STREAM_BW: (line) => {
      const [stream, written, read] = words(line, 4)?.plain ?? []
      const counts = { read: number(read), written: number(written) }
      return isId(stream) && whole(counts) ? { type: 'stream-bandwidth', stream, ...counts } : null
    },
    CIRC_BW: (line) => {
      const named = words(line, 0)?.named
      const counts = { read: number(named?.get('READ')), written: number(named?.get('WRITTEN')) }
      const circuit = named?.get('ID')
      if (!isId(circuit) || !whole(counts)) return null
      const deliveredRead = number(named?.get('DELIVERED_READ'))
      const deliveredWritten = number(named?.get('DELIVERED_WRITTEN'))
      return { type: 'circuit-bandwidth', circuit, ...counts, deliveredRead, deliveredWritten }
    },
    BW: (line) => {
      const [read, written] = words(line, 2)?.plain ?? []
      const counts = { read: number(read), written: number(written) }
      return whole(counts) ? { type: 'bandwidth', ...counts } : null
    },
    STATUS_CLIENT: (line) => {
      const { plain, named } = words(line, 2) ?? NO_WORDS
      const severity = SEVERITIES.find((known) => known === plain[0])
      const action = plain[1]
      if (severity === undefined || action === undefined || action === '') return null
      return { type: 'status', severity, action, details: Object.fromEntries(named) }
    },
  } satisfies Record<string, (line: string) => ControlEvent | null>),
)

const NO_WORDS: Words = { plain: [], named: new Map() }

/** One line of `GETINFO circuit-status` or the fields of a CIRC event; null when it is not as specified. */
export function parseCircuit(line: string): Circuit | null {
  const { word, circuit } = readCircuit(line) ?? {}
  const state = CIRCUIT_STATES.find((known) => known === word)
  return circuit === undefined || state === undefined ? null : { ...circuit, state }
}

/** A circuit and the word that says what is with it. */
function readCircuit(line: string): { word: string; circuit: Omit<Circuit, 'state'> } | null {
  const { plain, named } = words(line, 2) ?? NO_WORDS
  const [id, word, relays, more] = plain
  const path = parsePath(relays)
  if (!isId(id) || word === undefined || path === null || more !== undefined) return null
  const created = Date.parse(`${named.get('TIME_CREATED')}Z`)
  const circuit = {
    id,
    path,
    purpose: named.get('PURPOSE') ?? null,
    flags: named.get('BUILD_FLAGS')?.split(',') ?? [],
    onionState: named.get('HS_STATE') ?? null,
    onion: named.get('REND_QUERY') ?? null,
    created: Number.isNaN(created) ? null : created,
    conflux: named.get('CONFLUX_ID') ?? null,
    ...ending(named),
  }
  return { word, circuit }
}

/** One line of `GETINFO stream-status` or the fields of a STREAM event; null when it is not as specified. */
export function parseStream(line: string): Stream | null {
  const { plain, named } = words(line, 4) ?? NO_WORDS
  const [id, word, circuit, to] = plain
  const state = STREAM_STATES.find((known) => known === word)
  const target = parseEndpoint(to)
  if (!isId(id) || state === undefined || !isId(circuit) || target === null) return null
  return {
    id,
    state,
    circuit: circuit === '0' ? null : circuit,
    target,
    source: parseSource(named.get('SOURCE_ADDR')),
    protocol: named.get('CLIENT_PROTOCOL') ?? null,
    purpose: named.get('PURPOSE') ?? null,
    ...ending(named),
  }
}

function ending(named: Words['named']): Pick<Stream, 'reason' | 'remoteReason' | 'login'> {
  const user = named.get('SOCKS_USERNAME')
  return {
    reason: named.get('REASON') ?? null,
    remoteReason: named.get('REMOTE_REASON') ?? null,
    login: user === undefined ? null : { user, password: named.get('SOCKS_PASSWORD') ?? '' },
  }
}

function parseConnection(line: string): RelayConnection | null {
  const { plain, named } = words(line, 2) ?? NO_WORDS
  const target = parseRelay(plain[0]) ?? parseEndpoint(plain[0])
  const state = CONNECTION_STATES.find((known) => known === plain[1])
  if (target === null || state === undefined) return null
  const reason = named.get('REASON') ?? null
  return { state, target, id: named.get('ID') ?? null, reason, circuits: number(named.get('NCIRCS')) }
}

/** A path's relays; no path yet is an empty one. */
function parsePath(text: string | undefined): PathRelay[] | null {
  if (text === undefined || text === '') return []
  const relays = text.split(',').map(parseRelay)
  return relays.every((relay) => relay !== null) ? relays : null
}

/** A LongName: `$` fingerprint, then `~` or (for a name that the authorities had given) `=` and the nickname. */
function parseRelay(text: string | undefined): PathRelay | null {
  const [, fingerprint, nickname = null] = /^\$([\dA-F]{40})(?:[~=]([A-Za-z0-9]{1,19}))?$/.exec(text ?? '') ?? []
  return fingerprint === undefined ? null : { fingerprint, nickname }
}

/** `host:port`; the host may be an IPv6 address with or without brackets, or nothing where tor knows none. */
function parseEndpoint(text: string | undefined): Endpoint | null {
  const [, host, digits] = /^(.*):(\d{1,5})$/.exec(text ?? '') ?? []
  const port = Number(digits)
  if (host === undefined || port > 0xffff) return null
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port }
}

/** Tor calls its own streams' source `(Tor_internal)`. */
function parseSource(text: string | undefined): Endpoint | null {
  return text?.startsWith('(Tor_internal)') ? null : parseEndpoint(text)
}

/** Names of circuits and streams (section 2.4): one to sixteen letters and digits. */
function isId(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9]{1,16}$/.test(text)
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function whole(counts: { read: number | null; written: number | null }): counts is { read: number; written: number } {
  return counts.read !== null && counts.written !== null
}
