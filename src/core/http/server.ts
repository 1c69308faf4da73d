import { getRequestListener } from '@hono/node-server'
import { chmod, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exitCode, NocError, reasonOf, systemErrorCode } from '../errors.ts'
import type { Connection } from './app.ts'
import { isLoopback, listenAddress } from './guard.ts'

/** Limits of a request; a console needs little, and a slow sender gets no more. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  maxHeaderSize: 16 * 1024,
  // Time-outs are looked for this often; Node's own default of 30 s would make the others coarse.
  connectionsCheckingInterval: 5_000,
} as const
const MOST_CONNECTIONS = 256
/** Longest path of a socket (sun_path, unix(7)), less its terminator. */
const SOCKET_PATH_LIMIT = 107

/** Answers a request; swapped as a whole when what is mounted changes. */
export type Fetch = (request: Request, connection: Connection) => Response | Promise<Response>

export interface ServerOptions {
  /** `127.0.0.1:8470` */
  readonly listen: string
  readonly certificate: string
  readonly key: string
  /** Socket for the command line; mode 0600. */
  readonly socket: string
  /** The application as it is now. */
  readonly fetch: () => Fetch
}

/** A listening console. */
export interface ConsoleServer {
  /** `http://127.0.0.1:8470` */
  readonly url: string
  close(): Promise<void>
}

function listener(fetch: () => Fetch, trusted: boolean): RequestListener {
  const answer = getRequestListener(
    (request, env) => fetch()(request, { ...(env as unknown as Connection), trusted }),
    {
      overrideGlobalObjects: false,
      errorHandler: () => new Response('', { status: 400 }),
    },
  )
  // It answers its own failures (errorHandler), so nothing is left to wait for.
  return (incoming, outgoing) => void answer(incoming, outgoing)
}

/** Beyond loopback only with TLS: the token would otherwise cross the network in clear. */
export function checkExposure(options: Pick<ServerOptions, 'listen' | 'certificate' | 'key'>): void {
  const { address } = listenAddress(options.listen)
  if ((options.certificate === '') !== (options.key === '')) {
    throw new NocError('NOC_HTTP_TLS', '[console] needs both certificate and key, or none', { exit: exitCode.usage })
  }
  if (!isLoopback(address) && options.certificate === '') {
    throw new NocError('NOC_HTTP_EXPOSED', `the console may listen on ${address} only with TLS`, {
      exit: exitCode.usage,
      hint: 'set [console] certificate and key, or listen on 127.0.0.1 and use ssh -L 8470:127.0.0.1:8470',
    })
  }
}

async function readPem(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw new NocError('NOC_HTTP_TLS', `${file}: ${reasonOf(error)}`, { exit: exitCode.usage, cause: error })
  })
}

function listening(server: Server, where: string, bind: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const taken = systemErrorCode(error) === 'EADDRINUSE'
      const what = taken ? 'another program listens there' : reasonOf(error)
      reject(
        new NocError('NOC_HTTP_LISTEN', `cannot listen on ${where}: ${what}`, {
          hint: taken
            ? `ss -tlnp shows which; --listen or [console] listen chooses another place`
            : 'check [console] listen',
          cause: error,
        }),
      )
    })
    server.once('listening', () => resolve())
    bind()
  })
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Starts listening on the address and on the socket. */
export async function startServer(options: ServerOptions): Promise<ConsoleServer> {
  checkExposure(options)
  if (Buffer.byteLength(options.socket) > SOCKET_PATH_LIMIT) {
    throw new NocError('NOC_HTTP_SOCKET', `the path ${options.socket} is too long for a socket`, {
      exit: exitCode.usage,
      hint: `choose a data directory of at most ${SOCKET_PATH_LIMIT - 13} characters`,
    })
  }
  const { address, port } = listenAddress(options.listen)
  const tls = options.certificate !== ''
  const console = tls
    ? createTlsServer({
        ...LIMITS,
        cert: await readPem(options.certificate),
        key: await readPem(options.key),
        minVersion: 'TLSv1.2',
      })
    : createServer(LIMITS)
  console.on('request', listener(options.fetch, false))
  console.maxConnections = MOST_CONNECTIONS
  const local = createServer(LIMITS, listener(options.fetch, true))
  await listening(console, options.listen, () => console.listen(port, address))
  // Ours by the data directory's lock: what lies there was left by a daemon that was killed.
  await rm(options.socket, { force: true })
  await listening(local, options.socket, () => local.listen(options.socket)).catch(async (error: unknown) => {
    await closing(console)
    throw error
  })
  // The directory is closed to others already; this holds even if somebody opens it.
  await chmod(options.socket, 0o600)
  const bound = (console.address() as AddressInfo).port
  return {
    url: `${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    close: async () => void (await Promise.all([closing(console), closing(local)])),
  }
}
