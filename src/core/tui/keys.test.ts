import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { keyDecoder } from './keys.ts'

function keys(...chunks: string[]): string[] {
  const decoder = keyDecoder()
  return [...chunks.flatMap((chunk) => decoder.feed(Buffer.from(chunk))), ...decoder.flush()]
}

describe('keys', () => {
  it('names letters, control keys and the keys of the navigation block', () => {
    assert.deepEqual(keys('qQ/é'), ['q', 'Q', '/', 'é'])
    assert.deepEqual(keys('\u0003\u001a\r\u007f\t '), ['ctrl-c', 'ctrl-z', 'enter', 'backspace', 'tab', 'space'])
    const block = '\u001b[A\u001bOB\u001b[5~\u001b[6~\u001b[H\u001bOF\u001b[1~\u001b[3~'
    assert.deepEqual(keys(block), 'up down pageup pagedown home end home delete'.split(' '))
  })

  it('takes a lone ESC as the escape key, but only when nothing follows', () => {
    assert.deepEqual(keys('\u001b'), ['escape'])
    assert.deepEqual(keys('\u001b\u001b[A'), ['escape', 'up'])
    assert.deepEqual(keys('\u001bx'), ['alt-x'])
  })

  it('ignores modifiers, pasting brackets, mouse reports and unknown sequences', () => {
    assert.deepEqual(keys('\u001b[1;5Aa'), ['up', 'a'])
    assert.deepEqual(keys('\u001b[200~a\u001b[201~'), ['a'])
    assert.deepEqual(keys('\u001b[<0;10;5Ma\u001b[?62;4cb\u001bOM'), ['a', 'b', 'enter'])
    assert.deepEqual(keys('\u001b[\u0007a'), ['ctrl-g', 'a'])
  })

  it('reads the same keys wherever the input is split', () => {
    const piece = fc.constantFrom('a', 'é', '漢', '\u001b[A', '\u001bOH', '\u001b[6~', '\u001b[1;5C', '\u0003', '\r')
    fc.assert(
      fc.property(fc.array(piece), fc.nat(), (pieces, at) => {
        const input = Buffer.from(pieces.join(''))
        const decoder = keyDecoder()
        const split = input.length === 0 ? 0 : at % input.length
        const found = [...decoder.feed(input.subarray(0, split)), ...decoder.feed(input.subarray(split))]
        assert.deepEqual([...found, ...decoder.flush()], keys(input.toString()))
      }),
    )
  })

  it('never throws and keeps little, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const decoder = keyDecoder()
        for (const chunk of chunks) for (const key of decoder.feed(chunk)) assert.doesNotMatch(key, /[\u0000-\u001f]/)
        decoder.flush()
        assert.equal(decoder.pending, false)
      }),
    )
    const decoder = keyDecoder()
    decoder.feed(Buffer.from(`\u001b[${'1;'.repeat(500)}`))
    assert.deepEqual(decoder.feed(Buffer.from('a')), ['a'])
  })
})
