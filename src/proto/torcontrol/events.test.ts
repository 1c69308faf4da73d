import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { replyDecoder } from './codec.ts'
import { type ControlEvent, parseCircuit, parseEvent, parseStream } from './events.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name))
const eventsOf = (name: string): ControlEvent[] =>
  replyDecoder()(fixture(name))
    .filter((reply) => reply[0]?.code === 650)
    .map(parseEvent)
const event = (text: string): ControlEvent => parseEvent([{ code: 650, text, data: null }])

describe('events of a real session', () => {
  const session = eventsOf('session.txt')
  const start = eventsOf('bootstrap.txt')

  it('are all understood', () => {
    const unknown = [...session, ...start].filter((e) => e.type === 'unknown').map((e) => e.text.split(' ')[0])
    assert.deepEqual(new Set(unknown), new Set(['SIGNAL', 'HS_DESC']))
  })

  it('tell how far tor is with its start', () => {
    const progress = start.flatMap((e) => (e.type === 'status' && e.action === 'BOOTSTRAP' ? [e] : []))
    assert.deepEqual(progress.at(-1), {
      type: 'status',
      severity: 'NOTICE',
      action: 'BOOTSTRAP',
      details: { PROGRESS: '100', TAG: 'done', SUMMARY: 'Done' },
    })
    assert.equal(progress[0]?.details['SUMMARY'], 'Connecting to a relay')
  })

  it('follow a stream from the client that asked for it to its end', () => {
    const streams = session.flatMap((e) => (e.type === 'stream' && e.stream.login?.user === 'alice' ? [e.stream] : []))
    assert.deepEqual(
      streams.map(({ state }) => state),
      ['NEW', 'SENTCONNECT', 'REMAP', 'SUCCEEDED', 'CLOSED'],
    )
    const [first] = streams
    assert.deepEqual(first?.login, { user: 'alice', password: 'secret "word"' })
    assert.deepEqual(first?.target, { host: 'www.site.example', port: 8099 })
    assert.equal(first?.source?.host, '127.0.0.1')
    assert.equal(first?.protocol, 'SOCKS5')
    assert.equal(first?.circuit, null)
    const circuits = [...start, ...session].flatMap((e) => (e.type === 'circuit' ? [e.circuit.id] : []))
    assert.ok(circuits.includes(streams[1]?.circuit ?? ''))
    const bytes = session.find((e) => e.type === 'stream-bandwidth' && e.stream === first?.id)
    assert.ok(bytes?.type === 'stream-bandwidth' && bytes.read > 3000 && bytes.written < 300)
  })

  it('show a circuit as it grows, relay by relay', () => {
    const grown = [...start, ...session].flatMap((e) =>
      e.type === 'circuit' && e.circuit.id === '3' ? [e.circuit] : [],
    )
    assert.deepEqual(
      grown.map(({ state, path }) => `${state} ${path.length}`),
      ['LAUNCHED 0', 'EXTENDED 1', 'EXTENDED 2', 'EXTENDED 3', 'BUILT 3'],
    )
    const built = grown.at(-1)
    assert.match(built?.path[2]?.fingerprint ?? '', /^[\dA-F]{40}$/)
    assert.equal(built?.path[2]?.nickname, 'exit0')
    assert.ok((built?.created ?? 0) > Date.UTC(2020))
  })

  it('name the relays that tor is connected to', () => {
    const connections = start.flatMap((e) => (e.type === 'connection' ? [e.connection] : []))
    const connected = connections.filter((c) => c.state === 'CONNECTED')
    const names = new Set(connected.map((c) => ('nickname' in c.target ? c.target.nickname : '?')))
    assert.ok(names.has('exit0'))
    assert.ok(names.has(null), 'the first one is not known by name yet')
  })
})

describe('events', () => {
  it('of streams from a Unix socket and of tor itself have their sources', () => {
    const unix = parseStream('45 NEW 0 www.example:80 SOURCE_ADDR=/run/tor/socks:0 PURPOSE=USER CLIENT_PROTOCOL=SOCKS5')
    assert.deepEqual(unix?.source, { host: '/run/tor/socks', port: 0 })
    const own = parseStream('48 NEW 0 192.0.2.1.$D21B.exit:5002 PURPOSE=DIR_FETCH CLIENT_PROTOCOL=UNKNOWN ISO_FIELDS=')
    assert.deepEqual([own?.source, own?.purpose], [null, 'DIR_FETCH'])
    assert.equal(parseStream('1 NEW 0 host:0 SOURCE_ADDR=(Tor_internal):7')?.source, null)
  })

  it('of an IPv6 target have its address without brackets', () => {
    assert.deepEqual(parseStream('18 NEW 0 [fd10::1]:81')?.target, { host: 'fd10::1', port: 81 })
  })

  it('of a stream that had no target yet are understood too', () => {
    // As a tor 0.4.9 sends it when a TransPort client was not redirected; the odd word is tor's.
    const text = 'STREAM 53 CLOSED 0 :0 REASON= UNKNOWN_260 CLIENT_PROTOCOL=TRANS'
    const closed = event(text)
    assert.ok(closed.type === 'stream' && closed.stream.state === 'CLOSED' && closed.stream.protocol === 'TRANS')
  })

  it('of a circuit that changes its purpose are no new state', () => {
    const change = event(
      'CIRC_MINOR 21 PURPOSE_CHANGED BUILD_FLAGS=NEED_UPTIME PURPOSE=CONFLUX_LINKED CONFLUX_ID=C9 OLD_PURPOSE=X',
    )
    assert.ok(change.type === 'circuit-change')
    assert.deepEqual(
      [change.change, change.circuit.purpose, change.circuit.conflux],
      ['PURPOSE_CHANGED', 'CONFLUX_LINKED', 'C9'],
    )
  })

  it('that are not as specified are told as they are', () => {
    const odd = [
      '',
      'CIRC',
      'CIRC 1',
      'CIRC 1 EXPLODED',
      'CIRC 1 BUILT nonsense',
      `CIRC 1 BUILT $${'A'.repeat(40)}~${'n'.repeat(20)}`,
      'CIRC one-and-a-half BUILT',
      'CIRC 1 FAILED REASON="unclosed',
      'STREAM 1 NEW 0',
      'STREAM 1 NEW 0 host',
      'STREAM 1 NEW 0 host:99999',
      'STREAM 1 WHATEVER 0 host:1',
      'STREAM_BW 1 2',
      'STREAM_BW 1 -2 3 now',
      'CIRC_BW READ=1 WRITTEN=2',
      'BW 1',
      'BW 1e9 2',
      'ORCONN',
      'ORCONN nowhere LAUNCHED',
      'STATUS_CLIENT LOUD BOOTSTRAP',
      'STATUS_CLIENT NOTICE',
      'toString 1',
      '__proto__ 1',
    ]
    for (const text of odd) assert.deepEqual(event(text), { type: 'unknown', text })
  })

  it('of any text never crash the reader', () => {
    const keyword = fc.constantFrom(
      'CIRC',
      'CIRC_MINOR',
      'STREAM',
      'STREAM_BW',
      'CIRC_BW',
      'ORCONN',
      'BW',
      'STATUS_CLIENT',
    )
    fc.assert(fc.property(keyword, fc.string(), (name, rest) => void event(`${name} ${rest}`)))
  })

  it('cut off at any byte never crash the reader', () => {
    for (const line of fixture('session.txt').toString('latin1').split('\r\n')) {
      for (let at = 4; at < line.length; at += 7) event(line.slice(4, at))
    }
  })
})

describe('lists', () => {
  it('of circuits and connections from GETINFO have the form of events', () => {
    const [reply] = replyDecoder()(fixture('getinfo.txt'))
    const circuits = reply?.find(({ text }) => text === 'circuit-status=')?.data?.split('\n') ?? []
    assert.ok(circuits.length > 5)
    assert.ok(circuits.every((line) => parseCircuit(line)?.state === 'BUILT'))
  })
})
