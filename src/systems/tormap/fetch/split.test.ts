import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { START, type Network, directoryAt, makeNetwork } from '../../../../test/tormap/network.ts'
import { splitCertificates, splitDescriptors } from './split.ts'

const FLAVOURS = ['ns', 'microdesc'] as const
let network: Network

describe('files of descriptors', () => {
  before(async () => {
    network = await makeNetwork(4)
  })

  it('are taken apart into what the consensus names, with annotations and rubbish between them', () => {
    for (const flavour of FLAVOURS) {
      const { descriptors } = directoryAt(network, 0, { flavour })
      const texts = Object.values(descriptors)
      for (const between of ['', '@last-listed 2026-11-01 10:00:00\n', '@source "192.0.2.1"\n@downloaded-at 2026\n']) {
        const pieces = splitDescriptors(Buffer.from(texts.map((text) => between + text).join('')), flavour)
        assert.deepEqual(
          pieces.map(({ digest }) => digest),
          Object.keys(descriptors),
        )
        assert.deepEqual(
          pieces.map(({ bytes }) => Buffer.from(bytes).toString()),
          texts,
        )
      }
    }
  })

  it('that break off anywhere give no piece with the digest of a whole one', () => {
    for (const flavour of FLAVOURS) {
      const { descriptors } = directoryAt(network, 0, { flavour })
      const [first = '', second = ''] = Object.values(descriptors)
      const [one = '', two = ''] = Object.keys(descriptors)
      for (let length = 0; length < second.length; length += 1) {
        const pieces = splitDescriptors(Buffer.from(first + second.slice(0, length)), flavour)
        const digests = new Set(pieces.map(({ digest }) => digest))
        // Half of a first keyword can't be told from the last line of what stands before it.
        assert.ok(digests.has(one) || (length > 0 && length < 'onion-key\n'.length))
        assert.ok(!digests.has(two))
      }
    }
  })

  it('that are rubbish are no error', () => {
    const words = fc.constantFrom(
      'router ',
      'onion-key\n',
      '\n',
      '\nrouter-signature\n',
      '-----END SIGNATURE-----\n',
      '@x\n',
      'a',
    )
    const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 30 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.constantFrom(...FLAVOURS), (rubbish, flavour) => {
        const bytes = Buffer.from(rubbish)
        const size = splitDescriptors(bytes, flavour).reduce((sum, piece) => sum + piece.bytes.length, 0)
        assert.ok(size <= bytes.length)
      }),
    )
  })
})

describe('files of certificates', () => {
  it('are taken apart, whatever their line ends', () => {
    const texts = network.authorities.map(({ certificate }) => certificate)
    const split = (text: string): string[] =>
      splitCertificates(Buffer.from(text)).map((one) => Buffer.from(one).toString())
    assert.deepEqual(split(texts.join('')), texts)
    assert.deepEqual(split(texts.join('').replaceAll('\n', '\r\n')), texts)
    assert.deepEqual(split(`rubbish ${START}\n${texts[0]}`), texts.slice(0, 1))
    assert.deepEqual(split(''), [])
  })
})
