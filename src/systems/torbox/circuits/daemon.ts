import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { CircuitsReport } from '../wire.ts'

/** Name of the daemon's socket in the data directory. */
const SOCKET = 'console.sock'
/** It answers from memory, and asks a few programs. */
const TIMEOUT_MS = 5000

/** The running daemon's report; null when there is none, or it does not run this system. */
export function askDaemon(directory: string): Promise<CircuitsReport | null> {
  return new Promise((resolve) => {
    const call = request({ socketPath: join(directory, SOCKET), path: '/api/torbox', timeout: TIMEOUT_MS })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', () => resolve(null))
    call.on('response', (response) => {
      const answer =
        response.statusCode === 200 ? text(response).then((json) => JSON.parse(json) as CircuitsReport) : null
      void Promise.resolve(answer).then(resolve, () => resolve(null))
    })
    call.end()
  })
}
