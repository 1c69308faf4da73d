import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import {
  type Decoded,
  type SocksCommand,
  type SocksTarget,
  decodeGreeting,
  decodeLogin,
  decodeLoginStatus,
  decodeMethod,
  decodeReply,
  decodeRequest,
  encodeGreeting,
  encodeLogin,
  encodeLoginStatus,
  encodeMethod,
  encodeReply,
  encodeRequest,
  socksCommand,
} from './codec.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Uint8Array => Buffer.from(text, 'hex')
const refused = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const host = fc.oneof(
  octets(4).map((bytes) => bytes.join('.')),
  fc.ipV6().filter((text) => !/^(0*:)*(0*:)?ffff:/i.test(text) && text.includes(':')),
  fc.domain(),
)
const target: fc.Arbitrary<SocksTarget> = fc.record({ host, port: fc.nat(0xffff) }, { noNullPrototype: true })
const text255 = fc.string({ minLength: 1, maxLength: 255 }).filter((text) => Buffer.byteLength(text) <= 255)
const command = fc.constantFrom(...(Object.keys(socksCommand) as SocksCommand[]))

/** Decodes; every part of the message must ask for more, and what follows must not matter. */
function whole<T>(decode: (bytes: Uint8Array) => Decoded<T>, message: Uint8Array): T {
  for (let at = 0; at < message.length; at++) assert.equal(decode(message.subarray(0, at)), null, `cut at ${at}`)
  const decoded = decode(Buffer.concat([message, unhex('ff00ff')]))
  assert.equal(decoded?.size, message.length)
  return decoded.value
}

describe('SOCKS 5 messages', () => {
  it('have the bytes of RFC 1928, RFC 1929 and of tor', () => {
    assert.equal(hex(encodeGreeting([0, 2])), '05020002')
    assert.equal(hex(encodeMethod(0xff)), '05ff')
    assert.equal(hex(encodeLogin({ user: 'box', password: 'a' })), '0103626f780161')
    assert.equal(hex(encodeLoginStatus(false)), '0101')
    assert.equal(hex(encodeRequest('connect', { host: '192.0.2.1', port: 80 })), '05010001c00002010050')
    assert.equal(hex(encodeRequest('resolve', { host: 'a.example', port: 0 })), '05f0000309612e6578616d706c650000')
    assert.equal(hex(encodeRequest('resolvePtr', { host: '::1', port: 0 })), `05f10004${'00'.repeat(15)}010000`)
    assert.deepEqual(decodeReply(unhex('05000001000000000000'))?.value, {
      code: 0,
      target: { host: '0.0.0.0', port: 0 },
    })
    assert.deepEqual(decodeReply(unhex('05f40001000000000000'))?.value.code, 0xf4)
  })

  it('come back as they were sent, and are never taken for whole too early', () => {
    fc.assert(
      fc.property(command, target, fc.nat(255), text255, text255, (asked, to, code, user, password) => {
        const { target: got, command: ask } = whole(decodeRequest, encodeRequest(asked, to))
        const same = (a: SocksTarget, b: SocksTarget): void =>
          assert.equal(hex(encodeReply(0, a)), hex(encodeReply(0, b)))
        same(got, to)
        assert.equal(ask, asked)
        const reply = whole(decodeReply, encodeReply(code, to))
        same(reply.target, to)
        assert.equal(reply.code, code)
        assert.deepEqual(whole(decodeLogin, encodeLogin({ user, password })), { user, password })
      }),
    )
    assert.deepEqual(whole(decodeGreeting, encodeGreeting([0, 2])), [0, 2])
    assert.equal(whole(decodeMethod, encodeMethod(2)), 2)
    assert.equal(whole(decodeLoginStatus, encodeLoginStatus(true)), true)
  })

  it('that are none are refused', () => {
    const wrong = [
      [decodeMethod, '04ff'],
      [decodeReply, '485454502f312e31'],
      [decodeReply, '05000009'],
      [decodeReply, '050000030261070050'],
      [decodeReply, '05000003000050'],
      [decodeRequest, '05070001c00002010050'],
      [decodeLogin, '05'],
      [decodeLoginStatus, '0500'],
    ] as const
    for (const [decode, text] of wrong) assert.throws(() => decode(unhex(text)), refused('NOC_SOCKS5_MALFORMED'), text)
  })

  it('of any bytes never crash the reader', () => {
    const decoders = [decodeGreeting, decodeMethod, decodeLogin, decodeLoginStatus, decodeRequest, decodeReply]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...decoders), (bytes, decode) => {
        try {
          decode(bytes)
        } catch (error) {
          assert.ok(refused('NOC_SOCKS5_MALFORMED')(error), String(error))
        }
      }),
    )
  })

  it('hold no name, login or port that they cannot carry', () => {
    const unfit = refused('NOC_SOCKS5_UNFIT')
    for (const host of ['', 'a b', 'grün.example', 'a\0.example', 'x'.repeat(256)]) {
      assert.throws(() => encodeRequest('connect', { host, port: 80 }), unfit, host)
    }
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      assert.throws(() => encodeRequest('connect', { host: 'a.example', port }), unfit)
    }
    assert.throws(() => encodeLogin({ user: '', password: 'x' }), unfit)
    assert.throws(() => encodeLogin({ user: 'x', password: 'é'.repeat(128) }), unfit)
  })
})
