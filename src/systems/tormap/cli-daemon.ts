/** What a running daemon shows, for commands that were given nothing to read. */
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { HourWire, TormapView } from './wire.ts'

/** Name of the daemon's socket in the data directory. */
const SOCKET = 'console.sock'
/** It answers from memory. */
const TIMEOUT_MS = 5000

/** The hour that the daemon shows, perhaps its sample; null when none runs here, or it has none. */
export function daemonHour(directory: string): Promise<HourWire | null> {
  return new Promise((resolve) => {
    const call = request({ socketPath: join(directory, SOCKET), path: '/api/tormap/view', timeout: TIMEOUT_MS })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', () => resolve(null))
    call.on('response', (response) => {
      const view = response.statusCode === 200 ? text(response).then((json) => JSON.parse(json) as TormapView) : null
      void Promise.resolve(view).then(
        (answer) => resolve(answer?.hour ?? null),
        () => resolve(null),
      )
    })
    call.end()
  })
}
