import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applyConsensusDiff, consensusDiffDigest } from './diff.ts'
import { TordirError } from './error.ts'

const signed = readFileSync(join(import.meta.dirname, 'fixtures/consensus/signed/microdesc.txt'))
const sha3 = (text: string | Uint8Array): string => createHash('sha3-256').update(text).digest('hex').toUpperCase()
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A difference with these commands between two documents. */
function difference(base: string, result: string, commands: string): Uint8Array {
  const head = `network-status-diff-version 1\nhash ${consensusDiffDigest(Buffer.from(base))} ${sha3(result)}\n`
  return Buffer.from(head + commands)
}

const SMALL = 'one\ntwo\nthree\ndirectory-signature a\nfour\n'

describe('the difference of two consensuses', () => {
  it('is asked for by the SHA3-256 of what is signed', () => {
    const end = signed.indexOf('directory-signature ') + 'directory-signature '.length
    assert.equal(consensusDiffDigest(signed), sha3(signed.subarray(0, end)))
    assert.throws(() => consensusDiffDigest(Buffer.from('one\n')), TordirError)
  })

  it('replaces, deletes and adds lines, to the end too', () => {
    for (const [commands, result] of [
      ['', SMALL],
      ['5c\nIV\n.\n3d\n1,2c\nI\nII\n.\n0a\nzero\n.\n', 'zero\nI\nII\ndirectory-signature a\nIV\n'],
      ['4,$d\n3a\nnew\n.\n', 'one\ntwo\nthree\nnew\n'],
      ['5a\n..\n.\n', `${SMALL}..\n`],
      ['1,5d\n', ''],
    ] as const) {
      assert.equal(text(applyConsensusDiff(Buffer.from(SMALL), difference(SMALL, result, commands))), result)
    }
  })

  it('makes of any document any other', () => {
    const line = fc.constantFrom('a', 'b', 'c', 'r x', '..')
    const document = fc
      .array(line, { maxLength: 12 })
      .map((lines) => ['first', ...lines, 'directory-signature x', ''].join('\n'))
    fc.assert(
      fc.property(document, document, (base, result) => {
        assert.equal(
          text(applyConsensusDiff(Buffer.from(base), difference(base, result, script(base, result)))),
          result,
        )
      }),
    )
  })

  /** A script for ed: line by line from the end, what both have at the same place is left. */
  function script(base: string, result: string): string {
    const [from, to] = [base.trimEnd().split('\n'), result.trimEnd().split('\n')]
    const more = to.slice(from.length)
    const commands = more.length > 0 ? [`${from.length}a\n${more.join('\n')}\n.\n`] : []
    for (let index = from.length - 1; index >= 0; index -= 1) {
      if (to[index] === undefined) commands.push(`${index + 1}d\n`)
      else if (to[index] !== from[index]) commands.push(`${index + 1}c\n${to[index]}\n.\n`)
    }
    return commands.join('')
  }
})

describe('a difference that does not fit', () => {
  const refused = (diff: Uint8Array, what: RegExp, base = SMALL): void =>
    assert.throws(
      () => applyConsensusDiff(Buffer.from(base), diff),
      (error) => error instanceof TordirError && what.test(error.message),
    )

  it('is refused with the line and the byte', () => {
    refused(Buffer.from('network-status-version 3\n'), /first line.*line 1, byte 0/)
    refused(Buffer.from('network-status-diff-version 1\nhash 00 00\n'), /no line of hashes .*line 2, byte 30/)
    refused(difference(`x\n${SMALL}`, SMALL, ''), /another consensus/)
    refused(difference(SMALL, 'x', ''), /not the consensus that was promised/)
    refused(difference(SMALL, SMALL, '1x\n'), /no command \(line 3, byte 165\)/)
    refused(difference(SMALL, SMALL, '1d\n2d\n'), /not in order/)
    refused(difference(SMALL, SMALL, '3,2d\n'), /not in order/)
    refused(difference(SMALL, SMALL, '6d\n'), /lines that are not there/)
    refused(difference(SMALL, SMALL, '0d\n'), /lines that are not there/)
    refused(difference(SMALL, SMALL, '6a\nx\n.\n'), /adds lines where it can not/)
    refused(difference(SMALL, SMALL, '1,2a\nx\n.\n'), /adds lines where it can not/)
    refused(difference(SMALL, SMALL, '1c\nx\n'), /has no end/)
    refused(difference(SMALL, SMALL, '1d'), /last line is not complete/)
  })

  it('gives the promised document or none, whatever byte of it is another or missing', () => {
    const result = 'one\n2\nthree\ndirectory-signature b\n'
    const diff = Buffer.from(difference(SMALL, result, '4,5c\ndirectory-signature b\n.\n2c\n2\n.\n'))
    const promisedOrNone = (bytes: Uint8Array): void => {
      try {
        assert.equal(text(applyConsensusDiff(Buffer.from(SMALL), bytes)), result)
      } catch (error) {
        assert.ok(error instanceof TordirError, String(error))
      }
    }
    for (let at = 0; at < diff.length; at += 1) {
      promisedOrNone(diff.subarray(0, at))
      for (let bit = 0; bit < 8; bit += 1) {
        const copy = Buffer.from(diff)
        copy[at] = (diff[at] ?? 0) ^ (1 << bit)
        promisedOrNone(copy)
      }
    }
  })
})
