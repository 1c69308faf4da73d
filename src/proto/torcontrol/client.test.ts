import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import type { AddressInfo } from 'node:net'
import { NocError } from '#core/errors.ts'
import { type TorControl, type TorControlOptions, torControl } from './client.ts'
import type { ControlEvent } from './events.ts'

const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

/** A peer that answers each line as it is told, and our controller connected to it. */
async function peer(
  t: TestContext,
  answer: (line: string, socket: Socket) => string,
  options: TorControlOptions = {},
): Promise<TorControl> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\r\n').filter((l) => l !== '')) socket.write(answer(line, socket))
    })
    t.after(() => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const control = torControl(connect((server.address() as AddressInfo).port, '127.0.0.1'), options)
  t.after(() => control.close())
  return control
}

describe('a controller', { timeout: 30_000 }, () => {
  it('pairs overlapping commands with their replies, with events in between', async (t) => {
    const events: ControlEvent[] = []
    const onEvent = (event: ControlEvent): void => void events.push(event)
    const control = await peer(t, (line) => `650 BW 1 2\r\n250-${line.split(' ')[1]}=${line.length}\r\n250 OK\r\n`, {
      onEvent,
    })
    const all = await Promise.all(['a', 'bb', 'ccc'].map((key) => control.getInfo(key)))
    assert.deepEqual(all, [new Map([['a', '9']]), new Map([['bb', '10']]), new Map([['ccc', '11']])])
    assert.deepEqual(events.at(-1), { type: 'bandwidth', read: 1, written: 2 })
    assert.equal(events.length, 3)
  })

  it('reads the circuits of a real tor', async (t) => {
    const reply = readFileSync(join(import.meta.dirname, 'fixtures/getinfo.txt'), 'utf8')
    const control = await peer(t, () => reply)
    const circuits = await control.circuits()
    assert.ok(circuits.some((c) => c.path.at(-1)?.nickname === 'exit0' && c.purpose === 'CONFLUX_LINKED'))
    assert.deepEqual(await control.streams(), [])
  })

  it('says what tor refused, without the arguments: they may be secret', async (t) => {
    const control = await peer(t, () => '515 Authentication failed: wrong password\r\n')
    await assert.rejects(control.authenticate({ kind: 'password', password: 'hunter2' }), (error) => {
      assert.ok(fails('NOC_TORCONTROL_REFUSED')(error))
      assert.match(String(error), /AUTHENTICATE: 515 Authentication failed/)
      assert.doesNotMatch(String(error), /hunter2|68756E746572/)
      return true
    })
  })

  it('closes exactly the circuit it was told to', async (t) => {
    const lines: string[] = []
    const control = await peer(t, (line) => {
      lines.push(line)
      return '250 OK\r\n'
    })
    await control.closeCircuit('12')
    await control.closeCircuit('13', true)
    await control.signal('NEWNYM')
    await control.setEvents('CIRC', 'STREAM')
    assert.deepEqual(lines, ['CLOSECIRCUIT 12', 'CLOSECIRCUIT 13 IfUnused', 'SIGNAL NEWNYM', 'SETEVENTS CIRC STREAM'])
    await assert.rejects(control.signal('NEWNYM\r\nSIGNAL HALT'), fails('NOC_TORCONTROL_COMMAND'))
  })

  it('that loses its connection rejects what waits and says so once', async (t) => {
    const ends: (NocError | null)[] = []
    const onEnd = (why: NocError | null): void => void ends.push(why)
    const control = await peer(t, (_line, socket) => (socket.destroy(), ''), { onEnd })
    await assert.rejects(control.getInfo('version'), fails('NOC_TORCONTROL_CLOSED'))
    await assert.rejects(control.getInfo('version'), fails('NOC_TORCONTROL_CLOSED'))
    control.close()
    assert.deepEqual(
      ends.map((why) => why?.code),
      ['NOC_TORCONTROL_CLOSED'],
    )
  })

  it('does not wait for ever', async (t) => {
    const control = await peer(t, () => '', { timeoutMs: 50 })
    await assert.rejects(control.getInfo('version'), fails('NOC_TORCONTROL_TIMEOUT'))
  })

  it('leaves a peer that does not speak the protocol, or that talks unasked', async (t) => {
    const web = await peer(t, () => 'HTTP/1.1 400 Bad Request\r\n\r\n')
    await assert.rejects(web.getInfo('version'), fails('NOC_TORCONTROL_MALFORMED'))
    let why: NocError | null = null
    const chatty = await peer(t, () => '250 OK\r\n250 OK\r\n', { onEnd: (reason) => (why = reason) })
    await chatty.signal('NEWNYM')
    await assert.rejects(chatty.signal('NEWNYM'))
    assert.ok(fails('NOC_TORCONTROL_UNASKED')(why))
  })

  it('never sends the cookie to a process that does not know it', async (t) => {
    const lines: string[] = []
    const control = await peer(t, (line) => {
      lines.push(line)
      const zeros = '0'.repeat(64)
      return `250 AUTHCHALLENGE SERVERHASH=${zeros} SERVERNONCE=${zeros}\r\n`
    })
    const cookie = Buffer.alloc(32, 7)
    await assert.rejects(control.authenticate({ kind: 'safecookie', cookie }), fails('NOC_TORCONTROL_IMPOSTOR'))
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^AUTHCHALLENGE SAFECOOKIE [\dA-F]{64}$/)
  })
})
