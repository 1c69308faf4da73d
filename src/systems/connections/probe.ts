import { lookup } from 'node:dns/promises'
import { type Socket, connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { systemErrorCode } from '#core/errors.ts'
import { type ProbeOutcome, type ProbeTry, summarize } from './probe-words.ts'
import type { ProbeResult } from './wire.ts'

/** Ports on which the client speaks TLS first (IANA: https, submissions, domain-s, imaps, pop3s). */
const TLS_PORTS: ReadonlySet<number> = new Set([443, 465, 853, 993, 995])
/** Milliseconds in which a server that speaks first (ssh, smtp) does so, before we send a request. */
const GREETING_MS = 200
/** Most bytes of an answer that are read: one is enough to know. */
const MAX_ANSWER = 1024
/** Characters of an answer's first line that are shown. */
const MAX_DETAIL = 80
/** Most tries at the same time. */
export const MAX_PARALLEL = 5
/** Milliseconds for each step of a try when nobody said otherwise. */
export const PROBE_TIMEOUT_MS = 2000
/** Our own event of a socket: the first bytes have come. */
const ANSWER = 'answer'
const REQUEST = 'HEAD / HTTP/1.0\r\n\r\n'

/** What to ask, how often at once, how long to wait for the connection and then for the answer. */
export interface ProbeRequest {
  readonly host: string
  readonly port: number
  readonly parallel: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Asks a remote whether it answers: one connection and one small request a try. Outbound traffic: only on demand. */
export async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const { host, port } = request
  const addresses = await resolve(host)
  const tries = Array.from({ length: Math.min(request.parallel, MAX_PARALLEL) }, (_, index) =>
    tryOnce(addresses[index % addresses.length], request),
  )
  const done = await Promise.all(tries)
  return { host, port, tries: done, ...summarize(host, port, done) }
}

/** The addresses of a name, by the system's own resolver; a numeric address is its own. */
async function resolve(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}

async function tryOnce(ip: string | undefined, request: ProbeRequest): Promise<ProbeTry> {
  if (ip === undefined) return failed('', 'unreachable', 'the name has no address')
  const began = performance.now()
  const { socket, answer: heard } = open(ip, request.port)
  try {
    const connected = await wait(socket, 'connect', request.timeoutMs, request.signal)
    if (connected !== 'came') return notConnected(ip, connected)
    const connectMs = performance.now() - began
    const answer = heard === null ? await askTls(socket, request) : await askPlain(socket, heard, request)
    const firstByteMs = answer.outcome === 'answers' ? performance.now() - began - connectMs : null
    return { ip, connectMs, firstByteMs, ...answer }
  } finally {
    socket.destroy()
  }
}

const ignore = (): void => undefined

/** Connects. Where we read ourselves, not TLS, reading stops after the first bytes; `answer` gives them. */
function open(ip: string, port: number): { socket: Socket; answer: (() => Buffer) | null } {
  if (TLS_PORTS.has(port)) return { socket: connect({ host: ip, port }).on('error', ignore), answer: null }
  let first: Buffer = Buffer.alloc(0)
  const callback = (size: number, buffer: Uint8Array): boolean => {
    first = Buffer.from(buffer.subarray(0, size))
    socket.emit(ANSWER)
    return false
  }
  const onread = { buffer: Buffer.alloc(MAX_ANSWER), callback }
  const socket = connect({ host: ip, port, onread }).on('error', ignore)
  return { socket, answer: () => first }
}

function failed(ip: string, outcome: ProbeOutcome, detail: string): ProbeTry {
  return { ip, outcome, connectMs: null, firstByteMs: null, detail }
}

function notConnected(ip: string, reason: Waited): ProbeTry {
  const code = systemErrorCode(reason)
  if (reason === 'late' || code === 'ETIMEDOUT') return failed(ip, 'timeout', 'neither accepted nor refused')
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return failed(ip, 'refused', 'connection refused')
  return failed(ip, 'unreachable', code ?? 'closed at once')
}

type Waited = 'came' | 'late' | 'closed' | Error

/** Waits for the event, an error, the end of the connection, or the time limit. */
function wait(socket: Socket, event: string, ms: number, signal?: AbortSignal): Promise<Waited> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      act()
    }
    const onEvent = (): void => settle(() => resolve('came'))
    const onError = (error: Error): void => settle(() => resolve(error))
    const onClose = (): void => settle(() => resolve('closed'))
    const onAbort = (): void => settle(() => reject(signal?.reason as Error))
    const timer = setTimeout(() => settle(() => resolve('late')), ms)
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once(event, onEvent).once('error', onError).once('close', onClose)
  })
}

type Answer = Pick<ProbeTry, 'outcome' | 'detail'>

const CLOSED: Answer = { outcome: 'refused', detail: 'closed without a byte' }
const hangs = (timeoutMs: number): Answer => ({ outcome: 'hangs', detail: `no byte within ${timeoutMs / 1000} s` })

/** Lets a server that speaks first speak, else sends one HTTP request. */
async function askPlain(socket: Socket, heard: () => Buffer, { timeoutMs, signal }: ProbeRequest): Promise<Answer> {
  let waited = await wait(socket, ANSWER, GREETING_MS, signal)
  if (waited === 'late') {
    socket.write(REQUEST)
    waited = await wait(socket, ANSWER, timeoutMs, signal)
  }
  if (waited === 'late') return hangs(timeoutMs)
  return waited === 'came' ? { outcome: 'answers', detail: firstLine(heard()) } : CLOSED
}

/** The first line of an answer, for people; anything may stand there, so it is cut short. */
function firstLine(data: Buffer): string {
  return (
    data
      .toString('utf8')
      .split(/[\r\n]/, 1)[0]
      ?.slice(0, MAX_DETAIL) ?? ''
  )
}

/** A TLS greeting. Whoever answers it, be it by an alert, does not hang; the certificate is not our question. */
async function askTls(socket: Socket, { host, timeoutMs, signal }: ProbeRequest): Promise<Answer> {
  const named = isIP(host) === 0 ? { servername: host } : {}
  const tls = connectTls({ socket, rejectUnauthorized: false, ...named })
  tls.on('error', ignore)
  try {
    const waited = await wait(tls, 'secureConnect', timeoutMs, signal)
    if (waited === 'came') return { outcome: 'answers', detail: `speaks ${tls.getProtocol() ?? 'TLS'}` }
    if (socket.bytesRead > 0) return { outcome: 'answers', detail: 'not with TLS that we know' }
    return waited === 'late' ? hangs(timeoutMs) : CLOSED
  } finally {
    tls.destroy()
  }
}
