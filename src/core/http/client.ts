/** How commands talk to the running daemon: HTTP over its socket in the data directory, which only its owner can open. */
import { request } from 'node:http'
import { join } from 'node:path'
import { exitCode, NocError, reasonOf, systemErrorCode } from '#core/errors.ts'

/** Name of the daemon's socket in the data directory. */
export const SOCKET_NAME = 'console.sock'
/** The daemon answers from memory; more means it hangs. */
const TIMEOUT_MS = 5_000
const LIMIT_BYTES = 16 * 1024 * 1024

/** No daemon runs on this data directory; its own code because `noc status` treats it as an answer. */
export const NOT_RUNNING = 'NOC_DAEMON_NOT_RUNNING'

function notRunning(directory: string, cause: unknown): NocError {
  return new NocError(NOT_RUNNING, `no daemon runs on ${directory}`, {
    exit: exitCode.found,
    hint: 'start it: noc up',
    cause,
  })
}

function asError(directory: string, error: unknown): NocError {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return notRunning(directory, error)
  if (code === 'EACCES') {
    return new NocError('NOC_DAEMON_FORBIDDEN', `the daemon on ${directory} belongs to another user`, {
      hint: 'ask as that user, or as root',
      cause: error,
    })
  }
  return new NocError('NOC_DAEMON_SILENT', `the daemon on ${directory} does not answer: ${reasonOf(error)}`, {
    cause: error,
  })
}

interface Failure {
  readonly error?: { readonly code?: `NOC_${string}`; readonly message?: string; readonly hint?: string }
}

/** One call of the JSON API; `body` makes it a POST. Errors of the daemon come back as they were thrown there. */
export async function ask<T>(directory: string, path: string, actor: string, body?: object): Promise<T> {
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request({
      socketPath: join(directory, SOCKET_NAME),
      path: `/api${path}`,
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', 'x-nocturne-actor': encodeURIComponent(actor) },
      timeout: TIMEOUT_MS,
    })
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
    call.on('error', reject)
    call.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > LIMIT_BYTES) call.destroy(new Error('the answer is too large'))
        else chunks.push(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
      response.on('error', reject)
    })
    call.end(body === undefined ? undefined : JSON.stringify(body))
  }).catch((error: unknown) => {
    throw asError(directory, error)
  })
  const document = JSON.parse(text) as T & Failure
  if (status < 400) return document
  const failure = document.error ?? {}
  throw new NocError(failure.code ?? 'NOC_DAEMON_REFUSED', failure.message ?? `the daemon answered ${status}`, {
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    exit: status < 500 ? exitCode.usage : exitCode.unable,
  })
}
