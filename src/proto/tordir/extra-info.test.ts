import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type RelayKeys,
  composeExtraInfo,
  createRelayKeys,
  descriptorDigest,
  signDescriptor,
} from './compose/descriptor.ts'
import { parseExtraInfos } from './extra-info.ts'
import { parseServerDescriptors } from './server-descriptor.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name))
const parse = (text: string): ReturnType<typeof parseExtraInfos> => parseExtraInfos(Buffer.from(text))
const END = Date.UTC(2026, 10, 22, 12)

describe('extra-info documents of a real tor', () => {
  it('are the ones that the server descriptors name', () => {
    const { documents, refused } = parseExtraInfos(fixture('extra-info/network.txt'))
    const { documents: descriptors } = parseServerDescriptors(fixture('descriptors/network.txt'))
    assert.deepEqual(refused, [])
    assert.equal(documents.length, 4)
    for (const { fingerprint, digest } of documents) {
      assert.equal(descriptors.find((d) => d.fingerprint === fingerprint)?.extraInfoDigest, digest)
    }
  })
})

describe('extra-info documents', () => {
  let keys: RelayKeys
  let text: string
  let body: string
  before(async () => {
    keys = await createRelayKeys(Buffer.alloc(32, 7))
    const write = { end: END, interval: 86_400, values: [1, 0, 12_345_678_901] }
    const options = { nickname: 'kestrel', published: END, write, read: null, dirreqRead: null, dirreqWrite: null }
    text = composeExtraInfo(options, keys)
    body = text.slice(0, text.indexOf('router-sig-ed25519'))
  })

  it('say what was put into them', () => {
    const history = fc.option(
      fc.record(
        {
          end: fc.integer({ min: 0, max: 2 ** 31 }).map((s) => s * 1000),
          interval: fc.integer({ min: 1, max: 86_400 }),
          values: fc.array(fc.maxSafeNat(), { maxLength: 20 }),
        },
        { noNullPrototype: true },
      ),
    )
    const options = fc.record({
      nickname: fc.stringMatching(/^[A-Za-z0-9]{1,19}$/),
      published: fc.constant(END),
      read: history,
      write: history,
      dirreqRead: history,
      dirreqWrite: history,
    })
    fc.assert(
      fc.property(options, fc.boolean(), (wanted, hasEd25519) => {
        const made = composeExtraInfo(wanted, hasEd25519 ? keys : { ...keys, seed: null })
        const { fingerprint, digest, ...rest } = parse(made).documents[0] ?? assert.fail('refused')
        assert.deepEqual(rest, { ...wanted })
        assert.equal(digest, descriptorDigest(made))
        assert.match(fingerprint, /^[0-9A-F]{40}$/)
      }),
      { numRuns: 50 },
    )
  })

  it('never say something else after a byte was flipped or the end was lost', () => {
    const [whole] = parse(text).documents
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      // The RSA signature's key is in another document; what it signs is named by its digest.
      for (const document of parseExtraInfos(flipped).documents) assert.deepEqual(document, whole, `byte ${at}`)
      assert.deepEqual(parseExtraInfos(bytes.subarray(0, at)).documents, [], `${at} bytes`)
    }
  })

  it('are refused when they are malformed', () => {
    const cases: readonly (readonly [string | RegExp, string, RegExp])[] = [
      [/extra-info kestrel \S+/, 'extra-info kestrel 1234', /fingerprint/],
      [/extra-info kestrel/, 'extra-info kes-trel', /nickname/],
      [/published .*/, 'published 2026-11-22', /published has no time/],
      [/\(86400 s\)/, '(0 s)', /no time and interval/],
      [/\(86400 s\)/, '(999999999 s)', /no time and interval/],
      [/\(86400 s\)/, '86400', /no time and interval/],
      [/1,0,/, '1,,', /no list of numbers/],
      [/1,0,/, '1,-1,', /no time and interval/],
      [/1,0,/, `${'9'.repeat(17)},`, /no list of numbers/],
      [/write-history .*\n/, '$&$&', /write-history stands there twice/],
      [
        /write-history .*/,
        `write-history 2026-11-22 12:00:00 (86400 s) ${'1,'.repeat(25_000)}1`,
        /more than 50000 bytes/,
      ],
    ]
    for (const [from, to, reason] of cases) {
      const { documents, refused } = parse(signDescriptor(body.replace(from, to), keys))
      assert.equal(documents.length, 0, to)
      assert.match(refused[0]?.why ?? '', reason)
    }
    assert.match(parse(text.replace(/1,0,/, '1,1,')).refused[0]?.why ?? '', /Ed25519 signature is wrong/)
  })
})
