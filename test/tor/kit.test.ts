/** The parts of the test network that need no network. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { leaks, parseCapture } from './capture.ts'
import { answer } from './dns.ts'
import { zone } from './zone.ts'

/** A query for a name as tor sends it. */
function query(name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  return Buffer.concat([Buffer.from('abcd01000001000000000000', 'hex'), ...labels, Buffer.from([0, 0, type, 0, 1])])
}

describe('the name server', () => {
  it('answers a name in any case with the question as it was asked', () => {
    const asked = query('wWw.SiTe.eXaMpLe', 1)
    const { question, reply } = answer(asked, zone) ?? {}
    assert.deepEqual(question, { name: 'www.site.example', type: 'A' })
    assert.deepEqual(reply?.subarray(12, asked.length), asked.subarray(12))
    assert.equal(Buffer.from(reply?.subarray(-4) ?? []).toString('hex'), '7f000001')
  })

  it('knows no name outside example', () => {
    assert.equal((answer(query('www.example.com', 1), zone)?.reply[3] ?? 0) & 15, 3)
    assert.equal((answer(query('www.outside.example', 28), zone)?.reply[3] ?? 15) & 15, 0)
  })

  it('survives any datagram', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void answer(bytes, zone)))
    const whole = query('www.site.example', 16)
    for (let at = 0; at < whole.length; at++) assert.equal(answer(whole.subarray(0, at), zone), null)
  })
})

describe('the capture', () => {
  const counter = { packets: 1, bytes: 60 }
  const element = (...concat: (string | number)[]): object => ({ elem: { val: { concat }, counter } })
  const json = JSON.stringify({
    nftables: [
      { metainfo: {} },
      {
        set: {
          elem: [element('203.0.113.99', '203.0.113.1', 'tcp', 80), element('203.0.113.2', '192.0.2.9', 'udp', 53)],
        },
      },
      { set: { elem: [element('fe80::1', 'ff02::2', 'ipv6-icmp'), element('fe80::1', 'fe80::2', 'tcp', 22)] } },
      { set: { elem: [element('fe80::1', 'fd10::1', 'ipv6-icmp')] } },
      { set: { elem: [element('10.100.100.7', '192.0.2.9', 'icmp')] } },
      { set: {} },
    ],
  })

  it('takes for a leak what did not come from an exit, but for how neighbours find each other', () => {
    const found = leaks(parseCapture(json), ['203.0.113.99']).map(({ source, protocol, port }) => [
      source,
      protocol,
      port,
    ])
    assert.deepEqual(found, [
      ['203.0.113.2', 'udp', 53],
      ['fe80::1', 'tcp', 22],
      ['10.100.100.7', 'icmp', null],
    ])
  })
})
