import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { localCircuits } from './circuits.ts'

/** What a real tor answered to GETINFO circuit-status and more. */
const RECORDED = readFileSync(join(import.meta.dirname, '../../proto/torcontrol/fixtures/getinfo.txt'), 'utf8')
const INFO = '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n'

interface Peer {
  readonly server: Server
  readonly sockets: Set<Socket>
}

/** A control port that answers as that tor did. */
async function tor(t: TestContext, where: string | number): Promise<Peer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    createInterface({ input: socket }).on('line', (line) => {
      socket.write(line.startsWith('PROTOCOLINFO') ? INFO : line.startsWith('GETINFO') ? RECORDED : '250 OK\r\n')
    })
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
  return { server, sockets }
}

test('the circuits of a tor are told with their relays, from one connection that is kept', async (t) => {
  const path = join(temporaryDirectory(t), 'control')
  const { sockets } = await tor(t, path)
  const circuits = localCircuits(path)
  t.after(() => circuits.close())
  const { state, circuits: all } = await circuits.read()
  assert.equal(state, 'up')
  assert.ok(all.some(({ status, relays }) => status === 'BUILT' && relays.at(-1)?.nickname === 'exit0'))
  for (const { relays } of all) for (const { fingerprint } of relays) assert.match(fingerprint, /^[0-9A-F]{40}$/)
  await circuits.read()
  assert.equal(sockets.size, 1)
})

test('a control port is reached by address and port too', async (t) => {
  const { server } = await tor(t, 0)
  const circuits = localCircuits(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => circuits.close())
  assert.equal((await circuits.read()).state, 'up')
})

test('a tor that goes away is down with a reason, and up again when it is back', async (t) => {
  const path = join(temporaryDirectory(t), 'control')
  const first = await tor(t, path)
  const circuits = localCircuits(path)
  t.after(() => circuits.close())
  await circuits.read()
  for (const socket of first.sockets) socket.destroy()
  first.server.close()
  await once(first.server, 'close')
  const down = await circuits.read()
  assert.deepEqual([down.state, down.circuits], ['down', []])
  assert.match((await circuits.read()).why ?? '', /control/)
  await tor(t, path)
  assert.equal((await circuits.read()).state, 'up')
})

test('without a control socket nobody is asked', async () => {
  assert.deepEqual(await localCircuits('').read(), { state: 'off', why: null, circuits: [] })
})
