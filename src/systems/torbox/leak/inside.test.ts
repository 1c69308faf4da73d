import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { runTasks } from './inside.ts'
import { listen } from './listener.ts'
import { checksum, echoRequest } from './ping.ts'
import { type Task, type TaskResult, parseResults, tokenOf } from './tasks.ts'

async function outcomes(tasks: readonly Task[]): Promise<Readonly<Record<string, string>>> {
  const found: TaskResult[] = []
  await runTasks(tasks, (result) => found.push(result))
  return Object.fromEntries(found.map(({ id, outcome }) => [id, outcome]))
}

const base = { timeoutMs: 10_000, token: '123:udp' }
/** For those that don't answer. */
const SHORT = { ...base, timeoutMs: 1000 }

describe('the program in the box', () => {
  it('tells an answer from an open door, a refusal and silence', async (t) => {
    const listener = await listen(0)
    t.after(() => listener.close())
    const mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    t.after(() => void mute.close())
    await new Promise((resolve) => mute.once('listening', resolve))
    const address = mute.address()
    const mutePort = typeof address === 'object' && address !== null ? address.port : 0
    const { port } = listener
    const found = await outcomes([
      { do: 'tcp', id: 'tcp', host: '127.0.0.1', port, ...base },
      { do: 'udp', id: 'udp', host: '127.0.0.1', port, ...base },
      { do: 'tcp', id: 'mute', host: '127.0.0.1', port: mutePort, ...SHORT },
      { do: 'tcp', id: 'refused', host: '127.0.0.1', port: 1, ...base },
      { do: 'udp', id: 'unreachable', host: '127.0.0.1', port: 1, ...base },
      { do: 'dns', id: 'dns', name: '1.invalid', type: 'A', server: { host: '127.0.0.1', port }, ...base },
      { do: 'udp', id: 'no address', host: '127.0.0.1', port, from: '192.0.2.250', ...base },
    ])
    assert.deepEqual(found, {
      tcp: 'answered',
      udp: 'answered',
      mute: 'connected',
      refused: 'refused',
      unreachable: 'refused',
      dns: 'answered',
      'no address': 'refused',
    })
    const came = listener.arrivals()
    assert.ok(came.some((one) => one.protocol === 'TCP' && one.token === '123:udp' && one.from === '127.0.0.1'))
    assert.ok(came.some((one) => one.protocol === 'UDP' && one.token === '123:udp'))
  })

  it('finds sockets in the file system, and those that are not there', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'noc-'))
    const path = join(folder, 'bus')
    const server = createServer().listen(path)
    t.after(() => {
      server.close()
      rmSync(folder, { recursive: true })
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const found = await outcomes([
      { do: 'unix', id: 'there', path, timeoutMs: 2000 },
      { do: 'unix', id: 'gone', path: join(folder, 'no'), timeoutMs: 2000 },
    ])
    assert.deepEqual(found, { there: 'connected', gone: 'refused' })
  })

  it('goes on when one task is not possible', async () => {
    const found = await outcomes([
      { do: 'tcp', id: 'bad', host: '127.0.0.1', port: 99_999, ...base },
      { do: 'ping', id: 'name', host: 'no.address', timeoutMs: 100 },
      { do: 'tcp', id: 'refused', host: '127.0.0.1', port: 1, ...base },
    ])
    assert.deepEqual([found['bad'], found['refused']], ['unknown', 'refused'])
    assert.equal(found['name'], 'unknown')
  })
})

it('answers that are cut or mixed with other words are taken as far as they are whole', () => {
  const lines = [
    { id: 'a', outcome: 'nothing', detail: 'x', ms: 1 },
    { id: 'b', outcome: 'answered', detail: 'y', ms: 2 },
  ].map((one) => JSON.stringify(one))
  const text = `${lines.join('\n')}\n`
  for (let length = 0; length <= text.length; length += 1) assert.ok(parseResults(text.slice(0, length)).length <= 2)
  assert.equal(parseResults(`a warning\n${text}null\n{"id":1}\n`).length, 2)
  fc.assert(fc.property(fc.string(), (noise) => void parseResults(noise)))
  fc.assert(fc.property(fc.string(), (noise) => assert.match(tokenOf(noise), /^[\w:.-]{0,64}$/)))
})

it('a ping carries a checksum by which its receiver finds it whole (RFC 1071)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), (id) => {
      const request = echoRequest(false, id)
      assert.equal(checksum(request), 0)
      assert.equal(request[0], 8)
      assert.equal(echoRequest(true, id)[0], 128)
    }),
  )
})
