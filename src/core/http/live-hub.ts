import type { ServerResponse } from 'node:http'
import { NocError } from '../errors.ts'
import type { LiveChannel } from './live.ts'

/** Most pages that watch at once; each costs a socket and its buffer. */
const MOST_CLIENTS = 64
/** A client whose unread data exceeds this is skipped; it gets the newest document once it reads again. */
const SLOW_BYTES = 256 * 1024
/** A client that read nothing for this long is dropped. */
const STUCK_MS = 60_000
/** Keeps proxies from closing a quiet stream, and finds clients that are gone. */
const HEARTBEAT_MS = 15_000

interface Client {
  readonly response: ServerResponse
  readonly topics: ReadonlySet<string>
  slowSince: number | null
}

/** Server-sent events for all pages: one encoding a document, the same bytes to every client. */
export interface LiveHub {
  channel(topic: string): LiveChannel
  /** Takes over a response that has sent nothing yet. */
  attach(response: ServerResponse, topics: readonly string[]): void
  /** Ends all streams. */
  close(): void
}

/** Makes a hub; `monotonic` is the clock in ms. */
export function createLiveHub(monotonic: () => number): LiveHub {
  const clients = new Set<Client>()

  const send = (client: Client, chunk: Buffer): void => {
    if (client.response.writableLength > SLOW_BYTES) {
      client.slowSince ??= monotonic()
      if (monotonic() - client.slowSince > STUCK_MS) client.response.destroy()
      return
    }
    client.slowSince = null
    client.response.write(chunk)
  }
  const heartbeat = setInterval(() => {
    for (const client of clients) send(client, Buffer.from(':\n\n'))
  }, HEARTBEAT_MS)
  heartbeat.unref()

  return {
    channel: (topic) => ({
      get watched() {
        return [...clients].some((client) => client.topics.has(topic))
      },
      publish(document) {
        const watching = [...clients].filter((client) => client.topics.has(topic))
        if (watching.length === 0) return
        // JSON has no raw line breaks, so one data line carries it whole.
        const chunk = Buffer.from(`event: ${topic}\ndata: ${JSON.stringify(document)}\n\n`)
        for (const client of watching) send(client, chunk)
      },
    }),
    attach(response, topics) {
      if (clients.size >= MOST_CLIENTS) {
        throw new NocError('NOC_HTTP_BUSY', `${MOST_CLIENTS} pages watch already`, { hint: 'close one' })
      }
      const client: Client = { response, topics: new Set(topics), slowSince: null }
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      response.write(':\n\n')
      response.on('close', () => clients.delete(client))
      clients.add(client)
    },
    close() {
      clearInterval(heartbeat)
      for (const client of clients) client.response.end()
      clients.clear()
    },
  }
}
