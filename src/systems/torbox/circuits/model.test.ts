import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCircuit, parseEvent, parseStream } from '#proto/torcontrol/events.ts'
import { type TorModel, torModel } from './model.ts'

const A = `$${'A'.repeat(40)}~first`
const B = `$${'B'.repeat(40)}~second`
const BOX = { address: '10.100.100.11', login: null }
const OTHER = { address: '10.100.100.12', login: null }

function feed(model: TorModel, lines: readonly string[], at = 1000): void {
  for (const line of lines) model.take(parseEvent([{ code: 650, text: line, data: null }]), at)
}

function names(model: TorModel, owner: Parameters<TorModel['of']>[0]): unknown[] {
  return model.of(owner).streams.map(({ stream, name }) => [stream.target.host, name])
}

function targets(model: TorModel, owner: Parameters<TorModel['of']>[0]): string[] {
  return model.of(owner).streams.map(({ stream }) => `${stream.target.host}:${stream.target.port} ${stream.state}`)
}

describe('what tor carries for whom', () => {
  it('is told by the address that a stream came from, which only its first event has', () => {
    const model = torModel()
    feed(model, [
      `CIRC 30 BUILT ${A},${B} BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`,
      'STREAM 7 NEW 0 www.site.example:80 SOURCE_ADDR=10.100.100.11:40000 PURPOSE=USER CLIENT_PROTOCOL=TRANS',
      'STREAM 7 SENTCONNECT 30 www.site.example:80',
      'STREAM 7 SUCCEEDED 30 192.0.2.1:80',
      'STREAM_BW 7 100 2000 2026-01-01T00:00:00.000000',
      'STREAM_BW 7 1 500 2026-01-01T00:00:01.000000',
      'STREAM 7 XOFF_SENT 30 192.0.2.1:80',
    ])
    assert.deepEqual(targets(model, BOX), ['192.0.2.1:80 SUCCEEDED'])
    assert.deepEqual(model.of(BOX).streams[0]?.bytes, { in: 2500, out: 101 })
    assert.deepEqual(
      model.of(BOX).circuits.map(({ id, path }) => [id, path.map(({ nickname }) => nickname)]),
      [['30', ['first', 'second']]],
    )
    assert.deepEqual(model.of(OTHER), { streams: [], circuits: [] })
  })

  it('names what a program asks for by its address when it has looked that up before, and no other program', () => {
    const model = torModel()
    // As tor 0.4.9 says it: a DNSPort's question, then the connection to a TransPort.
    const lookUp = (id: number, from: string, name: string, address: string): string[] => [
      `STREAM ${id} NEWRESOLVE 0 ${name}:0 SOURCE_ADDR=${from}:49638 PURPOSE=DNS_REQUEST CLIENT_PROTOCOL=DNS`,
      `STREAM ${id} SENTRESOLVE 5 ${name}:0 CLIENT_PROTOCOL=DNS`,
      `STREAM ${id} REMAP 5 ${address}:0 SOURCE=EXIT CLIENT_PROTOCOL=DNS`,
      `STREAM ${id} CLOSED 5 ${address}:0 REASON=DONE CLIENT_PROTOCOL=DNS`,
    ]
    const connect = (id: number, from: string, address: string): string =>
      `STREAM ${id} NEW 0 ${address}:443 SOURCE_ADDR=${from}:40000 PURPOSE=USER CLIENT_PROTOCOL=TRANS`
    feed(model, [
      ...lookUp(1, BOX.address, 'old.example', '192.0.2.1'),
      ...lookUp(2, BOX.address, 'www.site.example', '192.0.2.1'),
      ...lookUp(3, BOX.address, 'www.site.example', '[2001:db8::1]'),
      connect(4, BOX.address, '192.0.2.1'),
      connect(5, BOX.address, '[2001:db8::1]'),
      connect(6, BOX.address, '192.0.2.2'),
      connect(7, OTHER.address, '192.0.2.1'),
    ])
    assert.deepEqual(names(model, BOX), [
      ['192.0.2.1', 'www.site.example'],
      ['2001:db8::1', 'www.site.example'],
      ['192.0.2.2', null],
    ])
    assert.deepEqual(names(model, OTHER), [['192.0.2.1', null]])
    assert.equal(model.nameOf(BOX.address, '192.0.2.1'), 'www.site.example')
    assert.equal(model.nameOf(OTHER.address, '192.0.2.1'), null)
  })

  it('keeps the name that a program asked for when tor has found its address', () => {
    const model = torModel()
    feed(model, [
      'STREAM 1 NEW 0 a.example:80 SOCKS_USERNAME="noc-torbox-web-1" SOCKS_PASSWORD="x" PURPOSE=USER',
      'STREAM 1 SENTCONNECT 30 a.example:80',
      'STREAM 1 REMAP 30 192.0.2.7:80 SOURCE=EXIT',
      'STREAM 1 SUCCEEDED 30 192.0.2.7:80',
    ])
    assert.deepEqual(names(model, { address: null, login: 'noc-torbox-web-' }), [['192.0.2.7', 'a.example']])
  })

  it('remembers a bounded number of names', () => {
    const model = torModel()
    for (let index = 0; index < 12_000; index += 1) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
      feed(model, [
        `STREAM ${index} NEWRESOLVE 0 n${index}.example:0 SOURCE_ADDR=${BOX.address}:1 PURPOSE=DNS_REQUEST`,
        `STREAM ${index} REMAP 5 ${address}:0 SOURCE=EXIT`,
      ])
    }
    assert.equal(model.nameOf(BOX.address, '10.0.0.1'), null)
    assert.equal(model.nameOf(BOX.address, '10.0.46.223'), 'n11999.example')
  })

  it('knows when a stream of a TransPort is connected, of which tor never says that it succeeded', () => {
    const model = torModel()
    feed(model, [
      'STREAM 7 NEW 0 192.0.2.1:80 SOURCE_ADDR=10.100.100.11:40000 PURPOSE=USER CLIENT_PROTOCOL=TRANS',
      'STREAM 7 REMAP 0 192.0.2.1:80 SOURCE=CACHE',
      'STREAM 7 SENTCONNECT 30 192.0.2.1:80 CLIENT_PROTOCOL=TRANS',
    ])
    assert.deepEqual(targets(model, BOX), ['192.0.2.1:80 SENTCONNECT'])
    feed(model, ['STREAM 7 REMAP 30 192.0.2.1:80 SOURCE=EXIT CLIENT_PROTOCOL=TRANS'])
    assert.deepEqual(targets(model, BOX), ['192.0.2.1:80 SUCCEEDED'])
  })

  it('keeps a circuit for its box when the streams are over, and forgets it when it closes', () => {
    const model = torModel()
    feed(model, [
      `CIRC 30 BUILT ${A} PURPOSE=GENERAL`,
      'STREAM 7 NEW 30 192.0.2.1:80 SOURCE_ADDR=10.100.100.11:40000 PURPOSE=USER',
      'STREAM 7 CLOSED 30 192.0.2.1:80 REASON=END',
    ])
    assert.deepEqual(targets(model, BOX), [])
    assert.equal(model.of(BOX).circuits.length, 1)
    feed(model, [`CIRC 30 CLOSED ${A} PURPOSE=GENERAL REASON=FINISHED`])
    assert.equal(model.of(BOX).circuits.length, 0)
  })

  it("tells users' boxes apart by their login, whatever they are called", () => {
    const model = torModel()
    const web = { address: null, login: 'noc-torbox-web-' }
    feed(model, [
      'STREAM 1 NEW 0 a.example:80 SOCKS_USERNAME="noc-torbox-web-1" SOCKS_PASSWORD="x" PURPOSE=USER',
      'STREAM 2 NEW 0 b.example:80 SOCKS_USERNAME="noc-torbox-web-2-1" SOCKS_PASSWORD="x" PURPOSE=USER',
      'STREAM 3 NEW 0 c.example:80 SOCKS_USERNAME="noc-torbox-web-2" SOCKS_PASSWORD="x" PURPOSE=USER',
    ])
    assert.deepEqual(targets(model, web), ['a.example:80 NEW', 'c.example:80 NEW'])
  })

  it('claims nothing for a box of what began before it listened, nor what tor does for itself', () => {
    const model = torModel()
    const streams = ['4 SUCCEEDED 30 192.0.2.1:443', '5 SUCCEEDED 31 192.0.2.9.$AAAA.exit:1'].map(parseStream)
    model.begin(
      [`30 BUILT ${A}`, `31 BUILT ${B}`].map(parseCircuit).filter((one) => one !== null),
      streams.filter((one) => one !== null),
      1000,
    )
    assert.deepEqual(targets(model, BOX), [])
    assert.deepEqual(
      model.unclaimed().streams.map(({ stream }) => stream.id),
      ['4'],
    )
    assert.deepEqual(
      model.unclaimed().circuits.map(({ id }) => id),
      ['30'],
    )
  })

  it('forgets everything when the connection to tor begins anew', () => {
    const model = torModel()
    feed(model, ['STREAM 7 NEW 0 192.0.2.1:80 SOURCE_ADDR=10.100.100.11:40000 PURPOSE=USER'])
    model.begin([], [], 2000)
    assert.deepEqual(targets(model, BOX), [])
    feed(model, ['STREAM_BW 7 1 1 x', 'STREAM 8', 'CIRC', 'nonsense'])
    assert.deepEqual(model.unclaimed(), { streams: [], circuits: [] })
  })
})
