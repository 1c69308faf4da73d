/** The client's side of SOCKS 5 over any stream: a TCP or a Unix socket that is connected to the proxy. */
import type { Duplex } from 'node:stream'
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import {
  type Decoded,
  type SocksCommand,
  type SocksLogin,
  type SocksTarget,
  decodeLoginStatus,
  decodeMethod,
  decodeReply,
  encodeGreeting,
  encodeLogin,
  encodeRequest,
  socksMethod,
} from './codec.ts'
import { replyError } from './replies.ts'

export interface SocksOptions {
  /** Logs in; for tor this only separates the stream's circuits from others'. */
  readonly login?: SocksLogin
  /** Milliseconds for the whole handshake. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A little more than tor's own SocksTimeout of 120 s, so that tor gives its reason first. */
const TIMEOUT_MS = 130_000

/**
 * Asks the proxy for a connection; from then on the stream is that connection. Answers the address that the proxy
 * says it uses (tor says 0.0.0.0). A stream whose handshake failed is destroyed.
 */
export async function socksConnect(
  stream: Duplex,
  target: SocksTarget,
  options: SocksOptions = {},
): Promise<SocksTarget> {
  return ask(stream, 'connect', target, `connection to ${target.host} port ${target.port}`, options)
}

/** The address of a name, asked through tor; the stream is of no further use. */
export async function socksResolve(stream: Duplex, name: string, options: SocksOptions = {}): Promise<string> {
  const { host } = await ask(stream, 'resolve', { host: name, port: 0 }, `address of ${name}`, options)
  stream.destroy()
  return host
}

/** The name of an address, asked through tor; the stream is of no further use. */
export async function socksResolvePtr(stream: Duplex, address: string, options: SocksOptions = {}): Promise<string> {
  const { host } = await ask(stream, 'resolvePtr', { host: address, port: 0 }, `name of ${address}`, options)
  stream.destroy()
  return host
}

async function ask(
  stream: Duplex,
  command: SocksCommand,
  target: SocksTarget,
  what: string,
  options: SocksOptions,
): Promise<SocksTarget> {
  const late = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal])
  try {
    const request = encodeRequest(command, target)
    await logIn(stream, options.login, signal)
    stream.write(request)
    const { code, target: answer } = await receive(stream, decodeReply, signal)
    if (code !== 0) throw replyError(code, what)
    return answer
  } catch (error) {
    stream.destroy()
    if (late.aborted)
      throw new NocError('NOC_SOCKS5_TIMEOUT', `No ${what}: the proxy does not answer.`, { cause: error })
    throw error
  }
}

/** Agrees on how to log in and does it; then the proxy waits for a request. */
export async function logIn(stream: Duplex, login: SocksLogin | undefined, signal: AbortSignal): Promise<void> {
  // Only the method that is wanted is offered: a proxy that may choose takes the one without login.
  const wanted = login === undefined ? socksMethod.none : socksMethod.login
  const message = login && encodeLogin(login)
  stream.write(encodeGreeting([wanted]))
  const method = await receive(stream, decodeMethod, signal)
  if (method !== wanted) {
    const kind = login === undefined ? 'without a login' : 'with user name and password'
    throw new NocError('NOC_SOCKS5_LOGIN', `The proxy accepts no client ${kind}.`)
  }
  if (message === undefined) return
  stream.write(message)
  if (await receive(stream, decodeLoginStatus, signal)) return
  throw new NocError('NOC_SOCKS5_LOGIN', 'The proxy refused the user name or password.')
}

/** Reads exactly one message; what came after it goes back into the stream. */
export function receive<T>(stream: Duplex, decode: (bytes: Uint8Array) => Decoded<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const settle = (act: () => void): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError)
      signal.removeEventListener('abort', onAbort)
      act()
    }
    const onReadable = (): void => {
      try {
        for (let chunk: unknown; (chunk = stream.read()) !== null;) bytes = Buffer.concat([bytes, chunk as Buffer])
        const message = decode(bytes)
        if (message === null) return
        settle(() => {
          if (message.size < bytes.length) stream.unshift(bytes.subarray(message.size))
          resolve(message.value)
        })
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const onEnd = (): void => settle(() => reject(closed()))
    const onError = (error: Error): void => settle(() => reject(closed(error)))
    const onAbort = (): void => settle(() => reject(interrupted()))
    if (signal.aborted) return onAbort()
    if (stream.destroyed || stream.readableEnded) return onEnd()
    signal.addEventListener('abort', onAbort, { once: true })
    stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError)
    onReadable()
  })
}

function closed(cause?: Error): NocError {
  const why = cause === undefined ? '' : `: ${reasonOf(cause)}`
  return new NocError('NOC_SOCKS5_CLOSED', `The proxy closed the connection before it answered${why}.`, {
    cause,
    hint: 'Check that the proxy runs and that the port is its SOCKS port.',
  })
}

function interrupted(): NocError {
  return new NocError('NOC_SOCKS5_INTERRUPTED', 'Waiting for the proxy was interrupted.', {
    exit: exitCode.interrupted,
  })
}
