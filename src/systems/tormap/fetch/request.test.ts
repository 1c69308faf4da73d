import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createWebServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, type Server, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { run } from '#core/host/run.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { encodeReply } from '#proto/socks5/codec.ts'
import { needs } from '../../../../test/peers.ts'
import { temporaryDirectory } from '../../../../test/fixtures/store/temporary.ts'
import { type Request, get } from './request.ts'

const LIMITS = { connectMs: 10_000, socksMs: 10_000, silentMs: 10_000, totalMs: 10_000 }

async function listen(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

function asking(port: number, more: Partial<Request> = {}): Request {
  const signal = new AbortController().signal
  return { to: { host: '127.0.0.1', port }, path: '/x', socks: '', maxBytes: 1000, limits: LIMITS, signal, ...more }
}

/** A SOCKS 5 proxy that connects everything to one port, and writes down what it was asked for. */
function proxy(to: number, wanted: string[]): Server {
  return createServer((client) => {
    client.on('error', () => undefined)
    client.once('data', () => {
      client.write(Buffer.from('0502', 'hex'))
      client.once('data', () => {
        client.write(Buffer.from('0100', 'hex'))
        client.once('data', (request) => {
          wanted.push(request.subarray(5, 5 + (request[4] ?? 0)).toString())
          const target = connect(to, '127.0.0.1', () => {
            client.write(encodeReply(0, { host: '0.0.0.0', port: 0 }))
            client.pipe(target).pipe(client)
          })
          target.on('error', () => client.destroy())
        })
      })
    })
  })
}

describe('a request', { timeout: 30_000 }, () => {
  it('goes through the SOCKS port alone, which gets the name and not an address', async (t) => {
    const port = await listen(
      t,
      createWebServer((_, response) => response.end('hello')),
    )
    const wanted: string[] = []
    const socks = `127.0.0.1:${await listen(t, proxy(port, wanted))}`
    const answer = await get(asking(80, { to: { host: 'mirror.example', port: 80 }, socks }))
    assert.equal(Buffer.from(answer).toString(), 'hello')
    assert.deepEqual(wanted, ['mirror.example'])
  })

  it('fails when the SOCKS port is closed; it never goes around it', async (t) => {
    let asked = 0
    const port = await listen(
      t,
      createWebServer((_, response) => response.end(String((asked += 1)))),
    )
    await assert.rejects(
      get(asking(port, { socks: '127.0.0.1:1' })),
      /SOCKS port 127.0.0.1:1 can't be reached: the connection was refused/,
    )
    assert.equal(asked, 0)
  })

  it('follows no redirect', async (t) => {
    let asked = 0
    const port = await listen(
      t,
      createWebServer((_, response) => {
        asked += 1
        response.writeHead(302, { location: `/again` }).end()
      }),
    )
    await assert.rejects(get(asking(port)), /it answered 302/)
    assert.equal(asked, 1)
  })

  it('takes no more than it may, packed or not, and no headers without end', async (t) => {
    const port = await listen(
      t,
      createWebServer((_, response) => response.end('x'.repeat(1001))),
    )
    await assert.rejects(get(asking(port)), /larger than 1000 bytes/)
    const headers = await listen(
      t,
      createWebServer((_, response) => response.writeHead(200, { x: 'y'.repeat(20_000) }).end()),
    )
    await assert.rejects(get(asking(headers)), /Header overflow/)
  })

  it('that is aborted ends at once as interrupted', async (t) => {
    const port = await listen(
      t,
      createServer(() => undefined).on('connection', (socket) => t.after(() => socket.destroy())),
    )
    const stop = new AbortController()
    const going = get(asking(port, { signal: stop.signal }))
    setImmediate(() => stop.abort())
    await assert.rejects(going, (error) => error instanceof NocError && error.exit === exitCode.interrupted)
  })

  it(
    'to a web server with a certificate that nobody vouches for is refused',
    { skip: needs({ programs: ['openssl'] }) },
    async (t) => {
      const folder = temporaryDirectory(t)
      const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
      const make = [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ]
      assert.equal((await run(make, { timeoutMs: 20_000, maxBytes: 65_536 })).code, 0)
      const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
        response.end('x'),
      )
      await assert.rejects(get(asking(await listen(t, server), { tls: true })), /self-signed certificate/)
    },
  )
})
