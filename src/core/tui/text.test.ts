import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { plain } from '../plain.ts'
import { ascii, cut, pad, shorten, width } from './text.ts'

describe('text', () => {
  it('makes escape sequences, line ends, bidi overrides and invisible characters visible', () => {
    assert.equal(plain('a\u001b[31mred\u0007\r\n'), 'a␛[31mred␇␍␊')
    assert.equal(plain('\u009b31m\u007f'), '\ufffd31m␡')
    for (const harmful of [
      '\u202e',
      '\u2066',
      '\u200b',
      '\u00ad',
      '\u061c',
      '\ufeff',
      '\u2028',
      '\ud800',
      '\u{e0041}',
    ]) {
      assert.equal(plain(harmful), '\ufffd', harmful.codePointAt(0)?.toString(16))
    }
    assert.equal(plain('eth0-TxRx-0 Ελλάδα 漢字'), 'eth0-TxRx-0 Ελλάδα 漢字')
  })

  it('leaves no control character whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(plain(text), /[\u0000-\u001f\u007f-\u009f]/)
        assert.doesNotMatch(cut(text, 10).replace(/\u001b\[[0-9;]*m/g, ''), /[\u0000-\u001f\u007f-\u009f]/)
        assert.match(ascii(plain(text)), /^[\u0020-\u007e]*$/)
      }),
    )
  })

  it('counts columns as terminals do', () => {
    assert.equal(width('abc'), 3)
    assert.equal(width('\u001b[1;31mabc\u001b[0m'), 3)
    assert.equal(width('漢字'), 4)
    assert.equal(width('e\u0301'), 1)
    assert.equal(width('🌙'), 2)
    assert.equal(width('𝐀'), 1)
  })

  it('cuts to the width and keeps styles whole', () => {
    assert.equal(cut('abcdef', 3), 'abc')
    assert.equal(cut('\u001b[31mabcdef\u001b[0m', 3), '\u001b[31mabc')
    assert.equal(cut('a漢字', 4), 'a漢')
    assert.equal(cut('\u001b]0;title\u0007', 20), '␛]0;title␇')
    const piece = fc.constantFrom('a', '漢', 'e\u0301', '\u001b[31m', '\u001b[0m', '🌙', '\u0007')
    fc.assert(
      fc.property(fc.array(piece), fc.nat(12), (pieces, columns) => {
        const short = cut(pieces.join(''), columns)
        assert.ok(width(short) <= columns)
        assert.ok(pieces.length * 2 > columns || short === cut(pieces.join(''), 1000))
      }),
    )
  })

  it('keeps both ends of long names', () => {
    assert.equal(shorten('very-long-name-queue-7', 11), 'very-…eue-7')
    assert.ok(width(shorten('漢字漢字漢字漢字', 7)) <= 7)
    assert.equal(shorten('short', 11), 'short')
    assert.equal(shorten('short', 0), '')
    assert.doesNotMatch(shorten('🌙🌙🌙🌙', 4), /\p{Cs}/u)
  })

  it('pads by columns', () => {
    assert.equal(pad('漢', 4), '漢  ')
    assert.equal(pad('7', 3, 'left'), '  7')
    assert.equal(pad('long', 2), 'long')
  })
})
