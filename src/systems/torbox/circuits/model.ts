/** What tor carries for whom, kept up to date from its events. Pure. */
import { addressBytes } from '#proto/netlink/address.ts'
import type { Circuit, ControlEvent, Stream } from '#proto/torcontrol/events.ts'

/** Whose streams are meant: boxes of root by their address, boxes of users by their SOCKS user name. */
export interface Owner {
  readonly address: string | null
  /** What the SOCKS user name is but for the number of the identity at its end. */
  readonly login: string | null
}

/** A stream, and what is not in tor's own words for it. */
export interface LiveStream {
  readonly stream: Stream
  /** The name that its client asked for, by itself or by looking it up before; null when it had only the address. */
  readonly name: string | null
  readonly since: number
  /** Bytes towards the program, and from it, since we listen; null until tor has told of any. */
  readonly bytes: { readonly in: number; readonly out: number } | null
}

/** What one owner has going on. */
export interface Carried {
  readonly streams: readonly LiveStream[]
  /** Those that its streams use or have used; a circuit outlives its streams. */
  readonly circuits: readonly Circuit[]
}

/** Follows tor. */
export interface TorModel {
  /** All circuits and streams there are at `at` (ms since 1970); forgets what was known before. */
  begin(circuits: readonly Circuit[], streams: readonly Stream[], at: number): void
  take(event: ControlEvent, at: number): void
  of(owner: Owner): Carried
  /** What a client on the bridge looked up last to get this address; null when it did not. */
  nameOf(client: string, address: string): string | null
  /** What began before we listened: tor tells a stream's client only when it begins. */
  unclaimed(): Carried
}

/** Words of the protocol for a thing that is over. */
const OVER: ReadonlySet<string> = new Set(['CLOSED', 'FAILED'])

/** Names that are remembered, of all clients together. */
const MOST_NAMES = 10_000

interface Entry {
  stream: Stream
  /** What it was for at first; its target becomes the address that the exit finds. */
  readonly asked: string
  readonly since: number
  bytes: LiveStream['bytes']
}

/** Who a stream belongs to, as a key; null for tor's own. */
function keyOf({ source, login }: Stream): string | null {
  if (login !== null) return `login ${login.user}`
  return source === null ? null : addressKey(source.host)
}

function addressKey(address: string | null): string {
  return `address ${address}`
}

function owns({ address, login }: Owner, key: string | null): boolean {
  if (key === null) return false
  if (key === addressKey(address)) return true
  // Digits only: "noc-torbox-web-" is not the beginning of a box "web-2".
  return login !== null && key.startsWith(`login ${login}`) && /^\d+$/.test(key.slice(`login ${login}`.length))
}

function isAddress(host: string): boolean {
  return addressBytes(host) !== null
}

/** Tor's own questions to relays. */
function isInternal({ target, purpose }: Stream): boolean {
  return target.host.endsWith('.exit') || (purpose !== null && purpose !== 'USER')
}

/**
 * Flow control (XON, XOFF) is no state, nor is the address that a name turns out to have (REMAP). But a stream of a
 * TransPort never hears SUCCEEDED: that the exit told the address is the sign that it is connected (tor 0.4.9).
 */
function stateAfter(before: Stream['state'] | undefined, said: Stream['state']): Stream['state'] {
  if (!/^(XO|REMAP)/.test(said)) return said
  return before === undefined || before === 'SENTCONNECT' ? 'SUCCEEDED' : before
}

/** Makes a model that knows nothing yet. */
export function torModel(): TorModel {
  let circuits = new Map<string, Circuit>()
  let streams = new Map<string, Entry>()
  const users = new Map<string, Set<string>>()
  /** By client and address, the oldest first. */
  const names = new Map<string, string>()

  const use = ({ circuit }: Stream, key: string | null): void => {
    if (circuit === null || key === null) return
    const known = users.get(circuit) ?? new Set()
    users.set(circuit, known.add(key))
  }
  /**
   * A program behind a TransPort has its name looked up by a stream of its own, and asks for the address then: what that
   * look-up found (REMAP) says what the address is called.
   */
  const learn = (key: string | null, asked: string, { state, target }: Stream): void => {
    if (key === null || state !== 'REMAP' || isAddress(asked) || !isAddress(target.host)) return
    const place = `${key} ${target.host}`
    names.delete(place)
    names.set(place, asked)
    const [oldest] = names.keys()
    if (names.size > MOST_NAMES && oldest !== undefined) names.delete(oldest)
  }
  const entryOut = ({ stream, asked, since, bytes }: Entry): LiveStream => {
    const name = isAddress(asked) ? (names.get(`${keyOf(stream)} ${asked}`) ?? null) : asked
    return { stream, name, since, bytes }
  }
  const takeStream = (stream: Stream, at: number): void => {
    const before = streams.get(stream.id)
    // Only the first events of a stream say where it came from.
    const { source, login, protocol } = before?.stream ?? stream
    const whole = {
      ...stream,
      state: stateAfter(before?.stream.state, stream.state),
      source: stream.source ?? source,
      login: stream.login ?? login,
      protocol: stream.protocol ?? protocol,
    }
    const asked = before?.asked ?? stream.target.host
    use(whole, keyOf(whole))
    learn(keyOf(whole), asked, stream)
    if (OVER.has(stream.state)) streams.delete(stream.id)
    else if (before === undefined) streams.set(stream.id, { stream: whole, asked, since: at, bytes: null })
    else before.stream = whole
  }
  const takeBytes = (id: string, read: number, written: number): void => {
    const entry = streams.get(id)
    if (entry === undefined) return
    // Counted as the program sees it (control-spec.txt, 4.1.13).
    entry.bytes = { in: (entry.bytes?.in ?? 0) + read, out: (entry.bytes?.out ?? 0) + written }
  }
  const takeCircuit = (circuit: Circuit): void => {
    if (!OVER.has(circuit.state)) circuits.set(circuit.id, circuit)
    else {
      circuits.delete(circuit.id)
      users.delete(circuit.id)
    }
  }
  return {
    begin(allCircuits, allStreams, at) {
      circuits = new Map(allCircuits.map((circuit) => [circuit.id, circuit]))
      streams = new Map()
      users.clear()
      names.clear()
      for (const stream of allStreams) takeStream(stream, at)
    },
    take(event, at) {
      if (event.type === 'stream') takeStream(event.stream, at)
      else if (event.type === 'circuit') takeCircuit(event.circuit)
      else if (event.type === 'stream-bandwidth') takeBytes(event.stream, event.read, event.written)
    },
    of(owner) {
      const mine = [...streams.values()].filter(({ stream }) => owns(owner, keyOf(stream)))
      const used = [...circuits.values()].filter(
        ({ id, login }) =>
          [...(users.get(id) ?? [])].some((key) => owns(owner, key)) ||
          (login !== null && owns(owner, `login ${login.user}`)),
      )
      return { streams: mine.map(entryOut), circuits: used }
    },
    nameOf: (client, address) => names.get(`${addressKey(client)} ${address}`) ?? null,
    unclaimed() {
      const nobodys = [...streams.values()].filter(({ stream }) => keyOf(stream) === null && !isInternal(stream))
      const ids = new Set(nobodys.map(({ stream }) => stream.circuit))
      return {
        streams: nobodys.map(entryOut),
        circuits: [...circuits.values()].filter(({ id }) => ids.has(id)),
      }
    },
  }
}
