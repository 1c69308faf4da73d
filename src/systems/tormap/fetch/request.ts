/** One HTTP request to a source, directly or through Tor, bounded in size and time. */
import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { type Socket, connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { NocError, exitCode, reasonOf, systemErrorCode } from '#core/errors.ts'
import { socksConnect } from '#proto/socks5/client.ts'
import { unpacked } from './bytes.ts'
import { type Endpoint, parseEndpoint } from './sources.ts'

/** What to ask of whom. */
export interface Request {
  readonly to: Endpoint
  /** `/tor/keys/all.z`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly tls?: boolean
  /** SOCKS port, a path or `ADDRESS:PORT`; empty: directly. */
  readonly socks: string
  readonly maxBytes: number
  readonly limits?: Limits | undefined
  readonly signal: AbortSignal
}

/** How long a source is waited for. */
export interface Limits {
  /** Until the connection is there, ms. */
  readonly connectMs: number
  /** Until the SOCKS port has connected, ms: a circuit may have to be built first. */
  readonly socksMs: number
  /** Without a byte, ms. */
  readonly silentMs: number
  /** For the whole answer, ms. */
  readonly totalMs: number
}

/** 150 s are 3 MB at 20 kB/s; a source that drips more slowly is not waited for. */
const LIMITS: Limits = { connectMs: 15_000, socksMs: 60_000, silentMs: 20_000, totalMs: 150_000 }
const MAX_HEADER_BYTES = 16_384
/** One for each process: its requests share circuits, and no other program's go over them. */
const LOGIN = { user: 'noc-tormap', password: randomBytes(8).toString('hex') }

/** Asks once; answers the unpacked body of a 200, else throws. No redirect is followed: nobody asked for who is there. */
export async function get(wanted: Request): Promise<Uint8Array> {
  const { limits = LIMITS } = wanted
  const late = AbortSignal.timeout(limits.totalMs)
  const signal = AbortSignal.any([wanted.signal, late])
  try {
    const socket = await open(wanted, limits, signal)
    try {
      const body = await exchange(socket, wanted, limits.silentMs, signal)
      return await unpacked(body, wanted.maxBytes)
    } finally {
      socket.destroy()
    }
  } catch (error) {
    if (wanted.signal.aborted) throw interrupted()
    if (late.aborted) throw failed(`no whole answer within ${limits.totalMs / 1000} s`, error)
    throw error instanceof NocError ? error : failed(words(error), error)
  }
}

async function open(wanted: Request, limits: Limits, signal: AbortSignal): Promise<Socket> {
  const socket = await reach(wanted, limits, signal)
  if (wanted.tls !== true) return socket
  const { host } = wanted.to
  return connectTls({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) })
}

async function reach({ to, socks }: Request, { connectMs, socksMs }: Limits, signal: AbortSignal): Promise<Socket> {
  if (socks === '') return connected(connect(to.port, to.host), connectMs, signal)
  const proxy = parseEndpoint(socks)
  const local = proxy === null ? connect(socks) : connect(proxy.port, proxy.host)
  const socket = await connected(local, connectMs, signal).catch((error: unknown) => {
    throw signal.aborted ? error : noSocks(socks, error)
  })
  await socksConnect(socket, to, { timeoutMs: socksMs, signal, login: LOGIN })
  return socket
}

function connected(socket: Socket, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      act()
    }
    const refuse = (error: NocError): void => {
      socket.destroy()
      settle(() => reject(error))
    }
    const onAbort = (): void => refuse(interrupted())
    const timer = setTimeout(() => refuse(failed(`no connection within ${timeoutMs / 1000} s`)), timeoutMs)
    // Stays for the socket's whole life: an error that comes later has been told by the request already.
    socket.on('error', (error) => refuse(failed(words(error), error)))
    socket.once('connect', () => settle(() => resolve(socket)))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

function exchange(socket: Socket, wanted: Request, silentMs: number, signal: AbortSignal): Promise<Buffer> {
  const { to, path, headers } = wanted
  return new Promise((resolve, reject) => {
    const asking = request({
      host: to.host,
      port: to.port,
      path,
      signal,
      headers: { 'accept-encoding': 'deflate, gzip, identity', connection: 'close', ...headers },
      maxHeaderSize: MAX_HEADER_BYTES,
      createConnection: () => socket,
    })
    socket.setTimeout(silentMs, () => socket.destroy(failed(`silent for ${silentMs / 1000} s`)))
    asking.once('error', reject)
    asking.once('response', (response) => void collect(response, wanted.maxBytes).then(resolve, reject))
    asking.end()
  })
}

async function collect(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { statusCode } = response
  if (statusCode !== 200) {
    response.destroy()
    throw failed(statusCode === 304 ? 'it has nothing newer' : `it answered ${statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw failed(`its answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (!response.complete) throw failed('its answer broke off')
  return Buffer.concat(chunks)
}

/** What the system's errors of connections mean. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke off',
  EACCES: 'permission denied',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ETIMEDOUT: 'no answer',
}

function words(error: unknown): string {
  return WORDS[systemErrorCode(error) ?? ''] ?? reasonOf(error)
}

/** Code of the error of a SOCKS port that is not there: then asking others is in vain. */
export const NO_SOCKS = 'NOC_TORMAP_SOCKS'

function noSocks(socks: string, cause: unknown): NocError {
  return new NocError(NO_SOCKS, `The SOCKS port ${socks} can't be reached: ${reasonOf(cause)}.`, {
    cause,
    hint: "Is that tor running? A system's tor has 127.0.0.1:9050, Tor Browser's 127.0.0.1:9150.",
  })
}

function failed(why: string, cause?: unknown): NocError {
  return new NocError('NOC_TORMAP_SOURCE', why, cause === undefined ? {} : { cause })
}

/** Ctrl-C, or the daemon stops. */
export function interrupted(): NocError {
  return new NocError('NOC_TORMAP_INTERRUPTED', 'The fetch was interrupted; what was got is kept.', {
    exit: exitCode.interrupted,
    hint: 'Run it again to go on.',
  })
}
