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
