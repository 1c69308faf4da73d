import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressBytes } from '#proto/netlink/address.ts'
import { TordirError } from './error.ts'
import {
  decodeDigests,
  isAddressPort,
  isPolicySummary,
  isProtocols,
  parseNumbers,
  parseTime,
  parseUint,
} from './lexer-fields.ts'
import { advance, argumentText, argumentUtf8, argumentWords, ignoreUnknown, lexer, objectBytes } from './lexer.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** All items of a document: keyword, arguments, label of the object. */
function items(text: string): readonly (readonly [string, string, string | null])[] {
  const lx = lexer(bytes(text))
  const all: (readonly [string, string, string | null])[] = []
  while (advance(lx)) all.push([lx.keyword, argumentText(lx), lx.label])
  return all
}

const refused = (text: string, what: RegExp): void =>
  assert.throws(
    () => items(text),
    (error) => error instanceof TordirError && what.test(error.message),
    text,
  )

describe('the lines of a document', () => {
  it('are keywords, arguments and objects', () => {
    assert.deepEqual(items('a\nb c  d\n-----BEGIN X Y-----\nAAAA\n-----END X Y-----\nopt e f\nopt\n'), [
      ['a', '', null],
      ['b', 'c  d', 'X Y'],
      ['e', 'f', null],
      ['', '', null],
    ])
    assert.deepEqual(items(''), [])
  })

  it('give words, text of people and bytes', () => {
    const lx = lexer(Buffer.from('k  Zoë\t x \n-----BEGIN A-----\nAAEC\n-----END A-----\n'))
    advance(lx)
    assert.deepEqual(argumentWords(lx).slice(1), ['x'])
    assert.equal(argumentUtf8(lx), ' Zoë\t x ')
    assert.deepEqual([...objectBytes(lx, 'A')], [0, 1, 2])
    assert.throws(() => objectBytes(lx, 'B'), /k needs an object B/)
  })

  it('are refused when they are cut, changed or none', () => {
    refused('a', /not complete \(line 1, byte 1\)/)
    refused('a\nb\0\n', /NUL byte \(line 2, byte 3\)/)
    refused('a\r\n', /carriage return/)
    refused('a\n-----BEGIN X-----\nAAAA\n', /object X has no end \(line 2, byte 2\)/)
    refused('a\n-----BEGIN X-----\nAA!A\n-----END X-----\n', /object X is not base64 \(line 3, byte 20\)/)
    refused('a\n-----BEGIN X-----\nAAAA\n-----END Y-----\n', /object X has no end/)
    refused('a\n-----END X-----\n', /no beginning of an object/)
    const lx = lexer(bytes(' a\n'))
    advance(lx)
    assert.throws(() => ignoreUnknown(lx), /no keyword/)
  })

  it('take a string of bytes in base64 in one way only', () => {
    for (const body of ['AAE', 'AAE=\nAAAA', 'AAF=', 'AAE==', '', 'AA E=']) {
      const lx = lexer(bytes(`a\n-----BEGIN X-----\n${body}\n-----END X-----\n`))
      assert.throws(() => advance(lx) && objectBytes(lx, 'X'), TordirError, body)
    }
  })
})

describe('fields', () => {
  it('times are those that exist', () => {
    assert.equal(parseTime('2024-02-29 23:59:59'), Date.UTC(2024, 1, 29, 23, 59, 59))
    for (const text of [
      '2023-02-29 00:00:00',
      '2024-00-01 00:00:00',
      '2024-01-01 24:00:00',
      '2024-01-01 00:60:00',
      '2024-1-01 00:00:00',
      '2024-01-01T00:00:00',
      '2024-01-01 00:00:00 ',
    ]) {
      assert.equal(parseTime(text), null, text)
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e11 }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
        assert.equal(parseTime(text), seconds * 1000)
      }),
    )
  })

  it('numbers have one way to be written', () => {
    assert.deepEqual(
      ['0', '4294967295'].map((text) => parseUint(text)),
      [0, 4_294_967_295],
    )
    for (const text of ['', '-1', '+1', '01', '1.0', '1e3', '4294967296', '99999999999'])
      assert.equal(parseUint(text), null, text)
    assert.deepEqual(parseNumbers(['a=-2147483648', 'b-c=2147483647']), { a: -2_147_483_648, 'b-c': 2_147_483_647 })
    for (const word of ['a', 'a=', 'a=-0', 'a=2147483648', 'a=-2147483649', '=1', 'a=1=1'])
      assert.equal(parseNumbers([word]), null, word)
  })

  it('digests are of the base64 alphabet, and of nothing else', () => {
    const [good, last] = ['AAoQ1DAR6kkoo19hBA+/Ag8NBqA', 26]
    assert.deepEqual(decodeDigests([good, good]), Buffer.from(`${good}A${good}A`, 'base64'))
    for (let code = 0; code < 256; code += 1) {
      const character = String.fromCharCode(code)
      for (let at = 0; at < last; at += 1) {
        const text = `${good.slice(0, at)}${character}${good.slice(at + 1)}`
        const answer = decodeDigests([good, text, good])
        assert.equal(typeof answer === 'number' ? answer : -1, /[A-Za-z0-9+/]/.test(character) ? -1 : 1, text)
      }
    }
  })

  it('addresses are those that a second reader takes', () => {
    const word = fc.stringMatching(/^[0-9a-f]{0,5}$/)
    const texts = fc.oneof(
      fc.array(word, { maxLength: 9 }).map((words) => words.join(':')),
      fc
        .tuple(fc.array(word, { maxLength: 6 }), fc.array(word, { maxLength: 6 }))
        .map(([a, b]) => `${a.join(':')}::${b.join(':')}`),
      fc.ipV6().filter((text) => !text.includes('.')),
    )
    fc.assert(
      fc.property(texts, (text) => assert.equal(isAddressPort(`[${text}]:1`), addressBytes(text)?.length === 16, text)),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: -1, max: 70_000 }), (ip, port) =>
        assert.equal(isAddressPort(`${ip}:${port}`), port > 0 && port < 65_536),
      ),
    )
    for (const text of [
      '1.2.3:1',
      '1.2.3.4.5:1',
      '1.2.3.256:1',
      '01.2.3.4:1',
      '::1:1',
      '[1.2.3.4]:1',
      '1.2.3.4:01',
      '[::1]',
    ])
      assert.equal(isAddressPort(text), false, text)
  })

  it('policies have ports in order, protocols have numbers', () => {
    for (const text of ['accept 1', 'reject 1-65535', 'accept 20-23,25,80-80']) assert.ok(isPolicySummary(text), text)
    for (const text of [
      'accept',
      'accept ',
      'accept 0',
      'accept 1-65536',
      'accept 2,1',
      'accept 1-3,3',
      'accept 3-2',
      'accept 1,',
      'accept 1-2-3',
      'accept 01',
      'Accept 1',
    ])
      assert.ok(!isPolicySummary(text), text)
    for (const text of ['', 'Link=', 'Link=1-5 A-b=1,3-4']) assert.ok(isProtocols(text), text)
    for (const text of ['Link', 'Link=a', 'Link=1-', 'Link=1,', 'Link=1  A=1', '=1', ' Link=1'])
      assert.ok(!isProtocols(text), text)
  })
})
