import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type RelayKeys, composeMicrodescriptor, createRelayKeys, microdescriptorDigest } from './compose/descriptor.ts'
import { parseMicrodescriptors } from './microdescriptor.ts'

const network = readFileSync(join(import.meta.dirname, 'fixtures/microdescriptors/network.txt'))
const parse = (text: string): ReturnType<typeof parseMicrodescriptors> => parseMicrodescriptors(Buffer.from(text))

describe('microdescriptors of a real tor', () => {
  it('have the digests that its consensus names', () => {
    const { documents, refused } = parseMicrodescriptors(network)
    assert.deepEqual(refused, [])
    assert.deepEqual(
      documents.map(({ digest }) => digest),
      [
        'sa9UxE+JSGM+K3dzbn9jz8ejVn5EZSTbcGHGh2sc48A',
        'oZp8in3E4WOR1ZByaH00qPDLVNcwpaJByh4nbiMY7/w',
        'Xgf7VAxzWT0VSC7OMbatTbqOHhnNNf7oLFLs9z/L7Ns',
        'LOComnpKXWguwSNo6s8HE91wXFL9DIBxq3g5GSyx+Pk',
      ],
    )
  })

  it('lose their name with any byte that is flipped or missing', () => {
    const names = new Set(parseMicrodescriptors(network).documents.map(({ digest }) => digest))
    const known = (bytes: Uint8Array): number =>
      parseMicrodescriptors(bytes).documents.filter(({ digest }) => names.has(digest)).length
    for (let at = 0; at < network.length; at++) {
      const flipped = Buffer.from(network)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      assert.ok(known(flipped) < names.size, `byte ${at}`)
      assert.ok(known(network.subarray(0, at)) < names.size, `${at} bytes`)
    }
  })
})

describe('microdescriptors', () => {
  let keys: RelayKeys
  before(async () => {
    keys = await createRelayKeys(Buffer.alloc(32, 7))
  })

  it('say what was put into them', () => {
    const fingerprint = fc.constantFrom('A'.repeat(40), 'B'.repeat(40))
    const policy = fc.constantFrom(null, 'accept 80,443', 'reject 25,119-120')
    const options = fc.record({
      otherAddresses: fc.array(fc.constantFrom('[2001:db8::1]:9001', '192.0.2.7:443'), { maxLength: 3 }),
      family: fc.array(fc.oneof(fingerprint, fc.stringMatching(/^[A-Za-z0-9]{1,19}$/))),
      familyIds: fc.array(fc.constantFrom('ed25519:AAAA', 'ed25519:BBBB')),
      exitPolicy: policy,
      exitPolicy6: policy,
    })
    fc.assert(
      fc.property(options, fc.boolean(), (wanted, hasEd25519) => {
        const family = wanted.family.map((member) => (member.length === 40 ? `$${member}` : member))
        const text = composeMicrodescriptor({ ...wanted, family }, hasEd25519 ? keys : { ...keys, seed: null })
        const { ed25519, digest, ...rest } = parse(text).documents[0] ?? assert.fail('refused')
        assert.deepEqual({ ...rest }, { ...wanted })
        assert.equal(digest, microdescriptorDigest(text))
        assert.equal(ed25519 !== null, hasEd25519)
      }),
      { numRuns: 50 },
    )
  })

  it('understand families as operators write them', () => {
    const family = [`$${'a'.repeat(40)}=friend`, `$${'B'.repeat(40)}~other`, 'nick', '$short', 'not/a/name']
    const text = composeMicrodescriptor({ family }, keys)
    assert.deepEqual(parse(text).documents[0]?.family, ['A'.repeat(40), 'B'.repeat(40), 'nick'])
  })

  it('may have lost the old onion key, and are read with the notes of a cache between them', () => {
    const text = composeMicrodescriptor({}, keys)
    const newer = text.replace(/-----BEGIN[^]*-----\n/, '')
    const note = '@last-listed 2026-11-22 12:00:00\n'
    const { documents, refused } = parse(`${note}${text}${note}${newer}\n`)
    assert.deepEqual(refused, [])
    assert.deepEqual(
      documents.map(({ digest }) => digest),
      [text, newer].map(microdescriptorDigest),
    )
  })

  it('are refused when they are malformed, with the place and the reason', () => {
    const good = composeMicrodescriptor({ exitPolicy: 'accept 80' }, keys)
    const cases: readonly (readonly [string | RegExp, string, RegExp])[] = [
      [/ntor-onion-key .*\n/, '', /ntor-onion-key is missing/],
      [/(?<=ntor-onion-key ).*/, 'AAAA', /no key of 32 bytes/],
      [/(?<=id ed25519 ).*/, 'AAAA', /no key of 32 bytes/],
      [/id ed25519 .*\n/, '$&$&', /two identities of the kind ed25519/],
      [/p accept .*\n/, '$&$&', /p stands there twice/],
      [/p accept .*\n/, 'p accept 443,80\n', /no summary of a policy/],
      [/p accept .*\n/, 'p perhaps 80\n', /no summary of a policy/],
      [/p accept .*\n/, 'a 192.0.2.1\n', /no address with a port/],
      [/p accept .*\n/, 'p accept 80\r\n', /carriage return/],
      [/p accept .*\n/, '_ \n', /no keyword/],
      [/p accept .*\n/, '@note in the middle\n', /no keyword/],
      ['RSA PUBLIC KEY-----\nMI', 'RSA PUBLIC KEY-----\n!!', /not base64|no end/],
      ['END RSA PUBLIC KEY', 'END RSA PRIVATE KEY', /no end/],
      [/p accept .*\n/, `family ${'friend '.repeat(3000)}\n`, /more than 20000 bytes/],
    ]
    for (const [from, to, reason] of cases) {
      const bad = good.replace(from, to)
      assert.notEqual(bad, good)
      const { documents, refused } = parse(`${good}${bad}${good}`)
      assert.equal(documents.length, 2, to)
      assert.equal(refused.length, 1, to)
      assert.match(refused[0]?.why ?? '', reason)
      const { offset = -1 } = refused[0] ?? {}
      assert.ok(offset >= good.length && offset <= good.length + bad.length, `${to}: ${offset}`)
    }
  })

  it('are not found in garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, isNear) => {
        const bytes = isNear ? Buffer.concat([Buffer.from('onion-key\n'), noise]) : noise
        assert.deepEqual(parseMicrodescriptors(bytes).documents, [])
      }),
    )
  })
})

const data = process.env['NOC_TOR_DATA']
if (data !== undefined && existsSync(join(data, 'cached-microdescs.new.gz'))) {
  it('those of the public network are the ones that its consensus names', () => {
    const { documents, refused } = parseMicrodescriptors(
      gunzipSync(readFileSync(join(data, 'cached-microdescs.new.gz'))),
    )
    const consensus = readFileSync(join(data, 'cached-microdesc-consensus'), 'latin1')
    const named = new Set([...consensus.matchAll(/^m (.*)$/gm)].map(([, digest]) => digest))
    assert.deepEqual(refused, [])
    assert.equal(documents.length, 1788)
    // The others belong to a later hour.
    assert.equal(documents.filter(({ digest }) => named.has(digest)).length, 1722)
  })
}
