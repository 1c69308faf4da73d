/** A controller of tor over any stream: a Unix or TCP socket that is connected to its ControlSocket or ControlPort. */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { NocError, reasonOf } from '#core/errors.ts'
import {
  COOKIE_BYTES,
  type Credentials,
  type ProtocolInfo,
  challengeAnswer,
  hex,
  loginArgument,
  parseProtocolInfo,
} from './auth.ts'
import { type Reply, encodeCommand, replyDecoder } from './codec.ts'
import { type Circuit, type ControlEvent, type Stream, parseCircuit, parseEvent, parseStream } from './events.ts'

/** A connection to tor's control port. Commands may overlap: tor answers them in order. */
export interface TorControl {
  /** Asks how one logs in; tor allows it once before the login. */
  protocolInfo(): Promise<ProtocolInfo>
  /** Everything but `protocolInfo` needs this first. */
  authenticate(credentials: Credentials): Promise<void>
  /** Values by key; a key that tor doesn't know is an error. */
  getInfo(...keys: readonly string[]): Promise<ReadonlyMap<string, string>>
  circuits(): Promise<readonly Circuit[]>
  streams(): Promise<readonly Stream[]>
  /** Which events come from now on (`CIRC`, `STREAM` ...); none: no more events. */
  setEvents(...names: readonly string[]): Promise<void>
  /** `NEWNYM`: new streams use new circuits. `RELOAD`, `SHUTDOWN` ...: as the signals of the process. */
  signal(name: string): Promise<void>
  closeCircuit(id: string, ifUnused?: boolean): Promise<void>
  /** Any other command; a reply that is not 2xx is thrown. Values with spaces go through `quote`. */
  command(...words: readonly string[]): Promise<Reply>
  /** Commands without an answer are rejected. */
  close(): void
}

export interface TorControlOptions {
  /** Gets every event that `setEvents` asked for. */
  readonly onEvent?: (event: ControlEvent) => void
  /** Told once when the connection is over: the reason, or null when we closed it. */
  readonly onEnd?: (why: NocError | null) => void
  /** Milliseconds for the answer to one command; after that the connection is out of step and ends. */
  readonly timeoutMs?: number
}

/** Tor answers from memory, but not while it is busy with a new consensus on a slow machine. */
const TIMEOUT_MS = 15_000

/** Takes over a stream that is connected to tor. */
export function torControl(stream: Duplex, options: TorControlOptions = {}): TorControl {
  const exchange = startExchange(stream, options)
  const command = async (...words: readonly string[]): Promise<Reply> => {
    const reply = await exchange.send(words)
    const last = reply.at(-1)
    if (last === undefined || last.code >= 300) throw refused(words[0] ?? '', last)
    return reply
  }
  const done = async (...words: readonly string[]): Promise<void> => void (await command(...words))
  const getInfo = async (...keys: readonly string[]): Promise<ReadonlyMap<string, string>> =>
    values(await command('GETINFO', ...keys))
  const list = async <T>(key: string, parse: (line: string) => T | null): Promise<T[]> => {
    const lines = (await getInfo(key)).get(key)?.split('\n') ?? []
    return lines.map(parse).filter((item) => item !== null)
  }
  return {
    protocolInfo: async () => parseProtocolInfo(await command('PROTOCOLINFO', '1')),
    authenticate: async (credentials) => {
      if (credentials.kind !== 'safecookie') return done('AUTHENTICATE', loginArgument(credentials))
      const nonce = randomBytes(COOKIE_BYTES)
      const challenge = await command('AUTHCHALLENGE', 'SAFECOOKIE', hex(nonce))
      return done('AUTHENTICATE', challengeAnswer(challenge, credentials.cookie, nonce))
    },
    getInfo,
    circuits: () => list('circuit-status', parseCircuit),
    streams: () => list('stream-status', parseStream),
    setEvents: (...names) => done('SETEVENTS', ...names),
    signal: (name) => done('SIGNAL', name),
    closeCircuit: (id, ifUnused = false) => done('CLOSECIRCUIT', id, ...(ifUnused ? ['IfUnused'] : [])),
    command,
    close: () => exchange.end(null),
  }
}

/** The values of a reply to GETINFO: `key=value` on one line, or `key=` and a body. */
function values(reply: Reply): Map<string, string> {
  return new Map(
    reply
      .filter(({ text, data }) => data !== null || text.includes('='))
      .map(({ text, data }) => {
        const at = text.indexOf('=')
        return [text.slice(0, at), data ?? text.slice(at + 1)]
      }),
  )
}

interface Waiting {
  readonly timer: NodeJS.Timeout
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: NocError) => void
}

interface Exchange {
  send(words: readonly string[]): Promise<Reply>
  end(why: NocError | null): void
}

/** Pairs commands with replies and hands on events, until one side ends it. */
function startExchange(stream: Duplex, options: TorControlOptions): Exchange {
  const decode = replyDecoder()
  const queue: Waiting[] = []
  let over = false

  const end = (why: NocError | null): void => {
    if (over) return
    over = true
    stream.destroy()
    for (const { timer, reject } of queue.splice(0)) {
      clearTimeout(timer)
      reject(why ?? closed())
    }
    options.onEnd?.(why)
  }
  const take = (reply: Reply): void => {
    if ((reply[0]?.code ?? 0) >= 600) return options.onEvent?.(parseEvent(reply))
    const waiting = queue.shift()
    if (waiting === undefined) return end(new NocError('NOC_TORCONTROL_UNASKED', 'Tor answered what nobody asked.'))
    clearTimeout(waiting.timer)
    waiting.resolve(reply)
  }
  const replies = (chunk: Buffer): Reply[] => {
    try {
      return decode(chunk)
    } catch (error) {
      end(error instanceof NocError ? error : closed(error))
      return []
    }
  }
  stream.on('data', (chunk: Buffer) => {
    for (const reply of replies(chunk)) if (!over) take(reply)
  })
  stream.on('error', (error) => end(closed(error)))
  stream.on('close', () => end(closed()))
  stream.on('end', () => end(closed()))

  const send = (words: readonly string[]): Promise<Reply> =>
    new Promise((resolve, reject) => {
      if (over) throw closed()
      const bytes = encodeCommand(...words)
      const late = (): void => end(tooLate(words[0] ?? ''))
      queue.push({ timer: setTimeout(late, options.timeoutMs ?? TIMEOUT_MS), resolve, reject })
      stream.write(bytes)
    })
  return { send, end }
}

function refused(verb: string, line: Reply[number] | undefined): NocError {
  const why = line === undefined ? 'no reply' : `${line.code} ${line.text}`
  return new NocError('NOC_TORCONTROL_REFUSED', `Tor refused ${verb}: ${why}.`)
}

function closed(cause?: unknown): NocError {
  const why = cause === undefined ? '' : `: ${reasonOf(cause)}`
  return new NocError('NOC_TORCONTROL_CLOSED', `The connection to tor's control port is closed${why}.`, { cause })
}

function tooLate(verb: string): NocError {
  return new NocError('NOC_TORCONTROL_TIMEOUT', `Tor did not answer ${verb} in time.`)
}
