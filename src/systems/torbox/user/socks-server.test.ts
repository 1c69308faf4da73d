import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { systemClock } from '#core/clock.ts'
import { NocError } from '#core/errors.ts'
import { receive, socksConnect, socksResolve } from '#proto/socks5/client.ts'
import {
  type SocksLogin,
  type SocksTarget,
  decodeGreeting,
  decodeLogin,
  decodeRequest,
  encodeLoginStatus,
  encodeMethod,
  encodeReply,
  encodeRequest,
} from '#proto/socks5/codec.ts'
import { type Door, checkDoor, createDoor } from './door.ts'
import type { Carrier } from './forwarder.ts'
import { createNamePool } from './names.ts'
import { serveSocks } from './socks-server.ts'
import { createTraffic } from './traffic.ts'

interface Asked {
  readonly login: SocksLogin
  readonly command: string
  readonly target: SocksTarget
}

type Cleaner = { after(fn: () => void): void }

async function listening(t: Cleaner, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * A SOCKS port like tor's, which notes what it is asked, answers with `code`, and then says all that it hears. A
 * patient one answers only when it has heard something.
 */
async function fakeTor(
  t: Cleaner,
  code: number,
  patient: boolean = false,
): Promise<{ readonly asked: Asked[]; readonly port: number }> {
  const asked: Asked[] = []
  const serve = async (socket: Socket): Promise<void> => {
    const { signal } = new AbortController()
    await receive(socket, decodeGreeting, signal)
    socket.write(encodeMethod(2))
    const login = await receive(socket, decodeLogin, signal)
    socket.write(encodeLoginStatus(true))
    const { command, target } = await receive(socket, decodeRequest, signal)
    asked.push({ login, command, target })
    if (patient) await receive(socket, (bytes) => (bytes.length > 0 ? { value: null, size: 0 } : null), signal)
    socket.write(encodeReply(code, { host: command === 'resolve' ? '192.0.2.7' : '0.0.0.0', port: 0 }))
    if (code === 0) socket.pipe(socket)
    else socket.end()
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    void serve(socket).catch(() => socket.destroy())
  })
  return { asked, port: await listening(t, server) }
}

interface Box {
  readonly carrier: Carrier
  open(): Socket
}

/** The SOCKS port of a box at the end of that tor. */
async function box(t: Cleaner, name: string, torPort: number): Promise<Box> {
  const door = createDoor(name, { host: '127.0.0.1', port: torPort })
  const carrier = { door, names: createNamePool(), traffic: createTraffic(systemClock) }
  const server = createServer()
  serveSocks(server, carrier)
  const port = await listening(t, server)
  const open = (): Socket => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    t.after(() => socket.destroy())
    return socket
  }
  return { carrier, open }
}

const target = { host: 'www.example.org', port: 80 }
const code = (wanted: string) => (error: unknown) => error instanceof NocError && error.code === wanted

describe('the SOCKS port of a box', () => {
  it('passes on where a program wants to go, and its data both ways, one end after the other', async (t) => {
    const tor = await fakeTor(t, 0)
    const { carrier, open } = await box(t, 'a', tor.port)
    const program = open()
    await socksConnect(program, target)
    let heard = ''
    program.setEncoding('utf8').on('data', (text: string) => (heard += text))
    program.end('hello')
    await once(program, 'end')
    assert.equal(heard, 'hello')
    assert.deepEqual(tor.asked[0]?.target, target)
    await new Promise((resolve) => setImmediate(resolve))
    const counts = carrier.traffic.counts()
    assert.deepEqual([counts.connected, counts.failed, counts.lastFailure], [1, 0, null])
  })

  it('lets what the program says first travel with the request: a round trip earlier', async (t) => {
    const tor = await fakeTor(t, 0, true)
    const { open } = await box(t, 'a', tor.port)
    const program = open()
    program.end(Buffer.concat([Uint8Array.of(5, 1, 0), encodeRequest('connect', target), Buffer.from('early')]))
    const chunks: Buffer[] = []
    for await (const chunk of program) chunks.push(chunk as Buffer)
    assert.match(Buffer.concat(chunks).toString('latin1'), /early$/)
  })

  it('keeps boxes, identities and the programs of a box that want it apart, and nothing else', async (t) => {
    const tor = await fakeTor(t, 0)
    const [a, b] = [await box(t, 'a', tor.port), await box(t, 'b', tor.port)]
    const own = { user: 'tab-1', password: 'x' }
    for (const stream of [a, a, b]) (await connected(stream.open())).destroy()
    await connected(a.open(), own)
    await connected(a.open(), own)
    a.carrier.door.renew()
    await connected(a.open())
    const [first, second, other, tab, sameTab, renewed] = tor.asked.map(({ login }) => JSON.stringify(login))
    assert.equal(first, second)
    assert.equal(tab, sameTab)
    assert.equal(new Set([first, other, tab, renewed]).size, 4)
    assert.equal(tor.asked[0]?.login.user, tor.asked[3]?.login.user)
  })

  it('gives tor the name when the program looked its address up before', async (t) => {
    const tor = await fakeTor(t, 0)
    const { carrier, open } = await box(t, 'a', tor.port)
    carrier.names.indexOf('www.example.org')
    await socksConnect(open(), { host: '198.18.0.1', port: 80 })
    assert.deepEqual(tor.asked[0]?.target, target)
  })

  it('looks names up through tor', async (t) => {
    const tor = await fakeTor(t, 0)
    const { open } = await box(t, 'a', tor.port)
    assert.equal(await socksResolve(open(), 'www.example.org'), '192.0.2.7')
  })

  it('tells the program why tor said no, and counts it', async (t) => {
    const tor = await fakeTor(t, 5)
    const { carrier, open } = await box(t, 'a', tor.port)
    await assert.rejects(socksConnect(open(), target), code('NOC_SOCKS5_REFUSED'))
    assert.equal(carrier.traffic.counts().failed, 1)
    assert.match(carrier.traffic.counts().lastFailure ?? '', /www\.example\.org:80.*refused/)
  })

  it('does not listen or send datagrams for a program', async (t) => {
    const tor = await fakeTor(t, 0)
    const { open } = await box(t, 'a', tor.port)
    const program = open()
    program.write(Buffer.concat([Uint8Array.of(5, 1, 0), encodeRequest('udpAssociate', target)]))
    const [answer] = (await once(program, 'data')) as [Buffer]
    const rest = answer.length > 2 ? answer.subarray(2) : ((await once(program, 'data')) as [Buffer])[0]
    assert.equal(rest[1], 7)
    assert.equal(tor.asked.length, 0)
  })

  it('resets programs that speak something else, and those whose tor is gone', async (t) => {
    const { open } = await box(t, 'a', 1)
    const stray = open()
    const reset = once(stray, 'error')
    stray.write('GET / HTTP/1.0\r\n\r\n')
    assert.equal(((await reset)[0] as NodeJS.ErrnoException).code, 'ECONNRESET')
    await assert.rejects(socksConnect(open(), target), code('NOC_SOCKS5_FAILED'))
  })
})

async function connected(program: Socket, login?: SocksLogin): Promise<Socket> {
  await socksConnect(program, target, login === undefined ? {} : { login })
  return program
}

describe('the door of a box', () => {
  const door = (port: number): Door => createDoor('a', { host: '127.0.0.1', port })

  it('is checked without a stream', async (t) => {
    const tor = await fakeTor(t, 0)
    await checkDoor(door(tor.port))
    assert.equal(tor.asked.length, 0)
  })

  it('is refused in one sentence when nothing listens, or not tor', async (t) => {
    await assert.rejects(checkDoor(door(1)), code('NOC_TORBOX_TOR'))
    const web = createServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'))
    await assert.rejects(checkDoor(door(await listening(t, web))), code('NOC_TORBOX_TOR'))
  })
})
