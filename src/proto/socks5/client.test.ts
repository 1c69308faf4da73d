import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import { type TestContext, describe, it } from 'node:test'
import { NocError, exitCode } from '#core/errors.ts'
import { socksConnect, socksResolve, socksResolvePtr } from './client.ts'
import { encodeReply } from './codec.ts'

const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code
const nowhere = { host: '0.0.0.0', port: 0 }

/** A proxy that sends each of `answers` when something came, and a client's socket connected to it. */
async function proxy(t: TestContext, answers: readonly Uint8Array[]): Promise<{ socket: Socket; got: () => string }> {
  let got = ''
  const server = createServer((socket) => {
    const left = [...answers]
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      got += chunk.toString('hex')
      const answer = left.shift()
      if (answer !== undefined) socket.write(answer)
      if (left.length === 0 && answers.length > 0 && answers.at(-1)?.length === 0) socket.end()
    })
    t.after(() => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => socket.destroy())
  return { socket, got: () => got }
}

const bytes = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)))

describe('a SOCKS 5 client', { timeout: 30_000 }, () => {
  it('gets a connection, and loses nothing that came right behind the reply', async (t) => {
    const reply = bytes(encodeReply(0, nowhere), Buffer.from('220 hello\r\n'))
    const { socket, got } = await proxy(t, [bytes('0500'), reply])
    assert.deepEqual(await socksConnect(socket, { host: 'mail.example', port: 25 }), nowhere)
    assert.equal(String((await once(socket, 'data'))[0]), '220 hello\r\n')
    assert.equal(got(), `050100050100030c${Buffer.from('mail.example').toString('hex')}0019`)
  })

  it('can be read like any stream afterwards', async (t) => {
    const { socket } = await proxy(t, [bytes('0500'), bytes(encodeReply(0, nowhere), Buffer.from('first ')), bytes()])
    await socksConnect(socket, { host: 'a.example', port: 1 })
    socket.write('more')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    assert.equal(text, 'first ')
  })

  it('takes answers that arrive byte by byte', async (t) => {
    const answers = bytes('0500', encodeReply(0, { host: '2001:db8::1', port: 9 }))
    const { socket } = await proxy(t, [bytes()])
    const bits = Readable.from([...answers].map((byte) => Buffer.of(byte)))
    const slow = Duplex.from({ readable: bits, writable: socket })
    slow.on('error', () => undefined) // The socket is closed below it when the test ends.
    assert.deepEqual(await socksConnect(slow, { host: 'a.example', port: 1 }), { host: '2001:db8::1', port: 9 })
  })

  it('logs in with exactly the method that separates circuits', async (t) => {
    const { socket, got } = await proxy(t, [bytes('0502'), bytes('0100'), encodeReply(0, nowhere)])
    await socksConnect(socket, { host: '192.0.2.1', port: 1 }, { login: { user: 'box', password: '1' } })
    assert.equal(got(), ['050102', '0103626f780131', '05010001c00002010001'].join(''))
  })

  it('resolves names and addresses through tor', async (t) => {
    const address = await proxy(t, [bytes('0500'), encodeReply(0, { host: '192.0.2.7', port: 0 })])
    assert.equal(await socksResolve(address.socket, 'www.example'), '192.0.2.7')
    const name = await proxy(t, [bytes('0500'), encodeReply(0, { host: 'www.example', port: 0 })])
    assert.equal(await socksResolvePtr(name.socket, '192.0.2.7'), 'www.example')
    assert.ok(name.socket.destroyed)
  })

  it('tells every reason of RFC 1928 and of tor apart', async (t) => {
    const codes = [1, 2, 3, 4, 5, 6, 7, 8, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0x55]
    const names = new Set<string>()
    for (const code of codes) {
      const { socket } = await proxy(t, [bytes('0500'), encodeReply(code, nowhere)])
      await assert.rejects(socksConnect(socket, { host: 'a.example', port: 80 }), (error) => {
        assert.ok(error instanceof NocError)
        assert.match(error.message, /^No connection to a\.example port 80: .*\.$/)
        names.add(error.code)
        return true
      })
      assert.ok(socket.destroyed)
    }
    assert.equal(names.size, codes.length)
    assert.ok(names.has('NOC_SOCKS5_ONION_KEY_MISSING'))
  })

  it('says when the proxy wants a login, or refuses the one it got', async (t) => {
    const to = { host: 'a.example', port: 80 }
    const closed = await proxy(t, [bytes('05ff')])
    await assert.rejects(socksConnect(closed.socket, to), fails('NOC_SOCKS5_LOGIN'))
    const wrong = await proxy(t, [bytes('0502'), bytes('0101')])
    const login = { user: 'a', password: 'b' }
    await assert.rejects(socksConnect(wrong.socket, to, { login }), fails('NOC_SOCKS5_LOGIN'))
  })

  it('says when the port is no SOCKS port, is closed, or silent', async (t) => {
    const to = { host: 'a.example', port: 80 }
    const web = await proxy(t, [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')])
    await assert.rejects(socksConnect(web.socket, to), fails('NOC_SOCKS5_MALFORMED'))
    const gone = await proxy(t, [bytes()])
    await assert.rejects(socksConnect(gone.socket, to), fails('NOC_SOCKS5_CLOSED'))
    await assert.rejects(socksConnect(gone.socket, to), fails('NOC_SOCKS5_CLOSED'))
    const nobody = connect(1, '127.0.0.1')
    await assert.rejects(socksConnect(nobody, to), fails('NOC_SOCKS5_CLOSED'))
    const silent = await proxy(t, [])
    await assert.rejects(socksConnect(silent.socket, to, { timeoutMs: 50 }), fails('NOC_SOCKS5_TIMEOUT'))
    assert.ok(silent.socket.destroyed)
  })

  it('stops when it is told to', async (t) => {
    const { socket } = await proxy(t, [])
    const stop = new AbortController()
    const asking = socksConnect(socket, { host: 'a.example', port: 80 }, { signal: stop.signal })
    stop.abort()
    await assert.rejects(asking, (error) => error instanceof NocError && error.exit === exitCode.interrupted)
    assert.ok(socket.destroyed)
  })

  it('sends nothing when the target cannot be carried', async (t) => {
    const { socket, got } = await proxy(t, [])
    await assert.rejects(socksConnect(socket, { host: 'a b', port: 80 }), fails('NOC_SOCKS5_UNFIT'))
    assert.equal(got(), '')
  })
})
