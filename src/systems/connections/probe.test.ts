import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { probe } from './probe.ts'
import { summarize } from './probe-words.ts'
import type { ProbeResult } from './wire.ts'

/** A server on a port of its own; closed with the test. */
async function serve(t: TestContext, host: string, onConnect: (socket: Socket) => void): Promise<number> {
  return listen(
    t,
    createServer((socket) => onConnect(socket.on('error', () => undefined))),
    host,
  )
}

async function listen(t: TestContext, server: Server, host: string): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const ask = (port: number, over: Partial<Parameters<typeof probe>[0]> = {}): Promise<ProbeResult> =>
  probe({ host: '127.0.0.1', port, parallel: 1, timeoutMs: 10_000, ...over })

test('a server that answers HTTP answers, and its first line is shown', async (t) => {
  const port = await serve(t, '127.0.0.1', (s) => s.once('data', () => s.end('HTTP/1.0 204 No Content\r\n\r\n')))
  const result = await ask(port)
  assert.equal(result.outcome, 'answers')
  assert.equal(result.tries[0]?.detail, 'HTTP/1.0 204 No Content')
  assert.ok((result.tries[0]?.connectMs ?? -1) >= 0 && (result.tries[0]?.firstByteMs ?? -1) >= 0)
})

test('a server that speaks first answers without being asked', async (t) => {
  let asked = false
  const port = await serve(t, '::1', (s) => s.on('data', () => (asked = true)).write('SSH-2.0-test\r\n'))
  const result = await ask(port, { host: '::1' })
  assert.deepEqual([result.outcome, result.tries[0]?.detail, asked], ['answers', 'SSH-2.0-test', false])
})

test('a server that accepts and says nothing hangs', async (t) => {
  const port = await serve(t, '127.0.0.1', () => undefined)
  const result = await ask(port, { timeoutMs: 1500 })
  assert.equal(result.outcome, 'hangs')
  assert.match(result.summary, /^127\.0\.0\.1:\d+ accepts and hangs: connected in .* ms, no byte within 1\.5 s\.$/)
})

test('a port nobody listens on refuses, and so does one that closes without a byte', async (t) => {
  const closed = await serve(t, '127.0.0.1', (s) => s.end())
  const result = await ask(closed)
  assert.deepEqual([result.outcome, result.tries[0]?.detail], ['refused', 'closed without a byte'])
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  assert.equal((await ask(port)).outcome, 'refused')
})

test('a server that answers one but hangs for five at once is found out', async (t) => {
  let open = 0
  const port = await serve(t, '127.0.0.1', (s) => {
    open += 1
    if (open === 1) s.once('data', () => s.end('HTTP/1.0 200 OK\r\n\r\n'))
  })
  const result = await ask(port, { parallel: 5, timeoutMs: 1500 })
  assert.deepEqual(
    result.tries.map((one) => one.outcome).toSorted((a, b) => a.localeCompare(b)),
    ['answers', 'hangs', 'hangs', 'hangs', 'hangs'],
  )
  assert.match(result.summary, /accepts and hangs in 4 of 5 tries/)
})

test('never more than five tries, and of a flood only the first line', async (t) => {
  let connections = 0
  const port = await serve(t, '127.0.0.1', (s) => {
    connections += 1
    s.write('x'.repeat(1_000_000))
  })
  const result = await ask(port, { parallel: 50 })
  assert.equal(connections, 5)
  assert.equal(result.tries[0]?.detail, 'x'.repeat(80))
})

test('a name without an address can not be reached', async () => {
  const result = await ask(80, { host: 'does-not-exist.invalid' })
  assert.deepEqual([result.outcome, result.tries[0]?.detail], ['unreachable', 'the name has no address'])
})

test('an abort ends a probe at once', async (t) => {
  const port = await serve(t, '127.0.0.1', () => undefined)
  const stop = new AbortController()
  const running = ask(port, { timeoutMs: 60_000, signal: stop.signal })
  setTimeout(() => stop.abort(new Error('enough')), 300)
  await assert.rejects(running, /enough/)
})

test('the worst of several tries is the outcome', () => {
  const one = { ip: '::1', connectMs: 2.9, firstByteMs: null, detail: 'd' }
  const of = (...outcomes: ProbeResult['outcome'][]): string =>
    summarize(
      'a',
      80,
      outcomes.map((outcome) => ({ ...one, outcome })),
    ).outcome
  assert.equal(of('answers', 'refused'), 'refused')
  assert.equal(of('unreachable', 'timeout'), 'timeout')
  assert.equal(of('timeout', 'hangs', 'answers'), 'hangs')
})
