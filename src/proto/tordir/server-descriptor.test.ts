import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type RelayKeys,
  type ServerDescriptorOptions,
  composeServerDescriptor,
  createRelayKeys,
  descriptorDigest,
  signDescriptor,
} from './compose/descriptor.ts'
import { composeEd25519Certificate, ed25519FromSeed } from './compose/ed25519.ts'
import { composeObject, rawKey } from './compose/text.ts'
import { parseServerDescriptors } from './server-descriptor.ts'
import type { ServerDescriptor } from './types.ts'

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures/descriptors', name))
const parse = (text: string): ReturnType<typeof parseServerDescriptors> => parseServerDescriptors(Buffer.from(text))
const PUBLISHED = Date.UTC(2026, 10, 22, 12)

/** The only reason for which a text is refused. */
function why(text: string): string {
  const { documents, refused } = parse(text)
  assert.equal(documents.length, 0)
  assert.equal(refused.length, 1)
  return refused[0]?.why ?? ''
}

describe('server descriptors of a real tor', () => {
  it('are read with both signatures checked', () => {
    const { documents, refused } = parseServerDescriptors(fixture('network.txt'))
    assert.deepEqual(refused, [])
    assert.deepEqual(documents.map((d) => d.nickname).toSorted(), ['auth0', 'auth1', 'auth2', 'exit0'])
    const exit = documents.find((d) => d.nickname === 'exit0')
    assert.equal(exit?.fingerprint, 'F3894B9B92BC4A075B478B3552D49B4173A5A63C')
    assert.equal(exit.ed25519, 'ZQ7R90qOx1tBzqpi4PG/KFgB1aS3+JCyBP4boFd0pjo')
    assert.deepEqual(exit.exitPolicy, ['accept *:*'])
    assert.equal(exit.bandwidth.observed, 2855)
    assert.equal(exit.published, Date.UTC(2026, 10, 22, 14, 26, 1))
  })

  it('tell the contact in any language, the family and the family key that vouches', () => {
    const [relay] = parseServerDescriptors(fixture('family.txt')).documents
    assert.equal(relay?.contact, 'Zoë <noc at example.test>')
    assert.deepEqual(relay.family, [
      '0F3A6EAA883279B25EF1D319144044D3C63952E7',
      'F3894B9B92BC4A075B478B3552D49B4173A5A63C',
      'friend',
    ])
    assert.deepEqual(relay.familyIds, ['ed25519:S70jE/0xO4PhxxJtsqg6YyaiXHa+m0WeZz25/OrKrdU'])
    assert.deepEqual(relay.otherAddresses, ['[::1]:5000'])
    assert.equal(relay.exitPolicy6, 'accept 80,443')
    assert.equal(relay.extraInfoDigest, '4B626361720A77C923049A4C0AAB6388EBD2E4F7')
  })

  it('are refused when any one byte of them is flipped', () => {
    const bytes = fixture('family.txt')
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      assert.deepEqual(parseServerDescriptors(flipped).documents, [], `byte ${at}`)
    }
  })

  it('need no signature when somebody to be believed names their digest, and then no byte of the text may differ', () => {
    const bytes = fixture('family.txt')
    const [genuine] = parseServerDescriptors(bytes).documents
    const vouched = new Set([genuine?.digest ?? ''])
    const signature = bytes.lastIndexOf('-----BEGIN SIGNATURE-----\n') + '-----BEGIN SIGNATURE-----\n'.length
    const forged = Buffer.from(bytes)
    forged[signature] = (forged[signature] ?? 0) === 0x41 ? 0x42 : 0x41
    assert.deepEqual(parseServerDescriptors(forged).documents, [])
    assert.deepEqual(parseServerDescriptors(forged, vouched).documents, [genuine])
    for (let at = 0; at < bytes.lastIndexOf('router-signature\n'); at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      assert.deepEqual(parseServerDescriptors(flipped, vouched).documents, [], `byte ${at}`)
    }
  })

  it('are refused when they are cut anywhere', () => {
    const bytes = fixture('family.txt')
    // An authority sends an empty line behind its own; what is before is all of it.
    const whole = bytes.lastIndexOf('-----\n') + '-----\n'.length
    for (let end = 0; end < whole; end++) {
      const { documents, refused } = parseServerDescriptors(bytes.subarray(0, end))
      assert.deepEqual([documents.length, refused.length], [0, end === 0 ? 0 : 1], `${end} bytes`)
    }
    assert.equal(parseServerDescriptors(bytes.subarray(0, whole)).documents.length, 1)
  })
})

describe('server descriptors', () => {
  let keys: RelayKeys
  let body: string
  let plainBody: string
  before(async () => {
    keys = await createRelayKeys(Buffer.alloc(32, 7))
    const text = composeServerDescriptor({ nickname: 'kestrel', published: PUBLISHED, contact: 'noc' }, keys)
    body = text.slice(0, text.indexOf('router-sig-ed25519'))
    const plain = composeServerDescriptor({ nickname: 'kestrel', published: PUBLISHED }, { ...keys, seed: null })
    plainBody = plain.slice(0, plain.indexOf('router-signature'))
  })
  /** Why a descriptor is refused in which something was replaced before it was signed. */
  const refusal = (from: string | RegExp, to: string): string => {
    assert.match(body, from instanceof RegExp ? from : new RegExp(from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    return why(signDescriptor(body.replace(from, to), keys))
  }

  it('say what was put into them, whatever it is', async () => {
    const words = fc.stringMatching(/^[A-Za-z0-9]{1,19}$/)
    const rate = fc.integer({ min: 0, max: 2 ** 31 - 1 })
    const options: fc.Arbitrary<ServerDescriptorOptions> = fc.record({
      nickname: words,
      published: fc.integer({ min: 0, max: 2 ** 31 }).map((s) => s * 1000),
      address: fc.ipV4(),
      orPort: fc.integer({ min: 0, max: 65_535 }),
      dirPort: fc.integer({ min: 0, max: 65_535 }),
      otherAddresses: fc.array(fc.constantFrom('[2001:db8::1]:9001', '192.0.2.7:443'), { maxLength: 3 }),
      platform: fc.stringMatching(/^Tor [\x20-\x7e]{0,30}[\x21-\x7e]$/),
      uptime: rate,
      bandwidth: fc.record({ average: rate, burst: rate, observed: rate }, { noNullPrototype: true }),
      contact: fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\0\r\n]/.test(text)),
      family: fc.array(fc.constantFrom('A'.repeat(40), 'friend')),
      exitPolicy: fc.array(fc.constantFrom('accept *:80', 'reject 10.0.0.0/8:*', 'accept [2001:db8::]/32:1-99')),
      exitPolicy6: fc.constantFrom(null, 'accept 80,443', 'reject 1-65535'),
      hibernating: fc.boolean(),
      extraInfoDigest: fc.constantFrom(null, 'B'.repeat(40)),
      protocols: fc.constantFrom(null, 'Link=1-5 Relay=2'),
      overloaded: fc.constantFrom(null, PUBLISHED),
    })
    await fc.assert(
      fc.asyncProperty(options, fc.boolean(), async (wanted, hasEd25519) => {
        const family = wanted.family?.map((member) => (member.length === 40 ? `$${member}` : member)) ?? []
        const with25519 = hasEd25519 ? keys : { ...keys, seed: null }
        const text = composeServerDescriptor({ ...wanted, family }, with25519)
        const { documents, refused } = parse(text)
        assert.deepEqual(refused, [])
        const { fingerprint, digest, ed25519, familyIds, exitPolicy, ...rest } = documents[0] as ServerDescriptor
        const { exitPolicy: rules, ...others } = wanted
        assert.deepEqual(rest, others)
        assert.deepEqual(exitPolicy, rules)
        assert.equal(digest, descriptorDigest(text))
        assert.equal(ed25519 !== null, hasEd25519)
        assert.deepEqual([fingerprint.length, familyIds], [40, []])
      }),
      { numRuns: 60 },
    )
  })

  it('are good with RSA alone, as they were before 2015', () => {
    const [relay] = parse(signDescriptor(plainBody, { ...keys, seed: null })).documents
    assert.equal(relay?.ed25519, null)
  })

  it('are refused when another key signed them, RSA or Ed25519', async () => {
    const other = await createRelayKeys(Buffer.alloc(32, 8))
    assert.match(why(signDescriptor(body, { ...keys, identity: other.identity })), /the RSA signature is wrong/)
    assert.match(why(signDescriptor(body, { ...keys, seed: other.seed })), /the Ed25519 signature is wrong/)
    assert.match(why(signDescriptor(body, { ...keys, seed: null })), /router-sig-ed25519 is missing/)
    assert.match(why(signDescriptor(plainBody, keys)), /identity-ed25519 is missing/)
  })

  it('are refused when the identity did not make the certificate, or not for this', () => {
    const [certificate = ''] = /-----BEGIN ED25519 CERT-----\n[^]*?-----END ED25519 CERT-----\n/.exec(body) ?? []
    const bytes = Buffer.from(certificate.split('\n').slice(1, -2).join(''), 'base64')
    const withByte = (at: number, value: number): string => {
      const changed = Buffer.from(bytes)
      changed[at] = value
      return certificate.replace(/\n[^]*\n(?=-----END)/, `\n${changed.toString('base64')}\n`)
    }
    assert.match(refusal(certificate, withByte(1, 5)), /identity-ed25519 is of the wrong type/)
    assert.match(refusal(certificate, withByte(0, 2)), /identity-ed25519 is no certificate/)
    assert.match(refusal(certificate, withByte(139, 0)), /the identity did not sign the signing key/)
    const late = composeServerDescriptor(
      { nickname: 'kestrel', published: PUBLISHED, signingKeyExpires: PUBLISHED - 3_600_000 },
      keys,
    )
    assert.match(why(late), /the signing key had expired/)
  })

  it('are refused when keys and names in them differ', () => {
    assert.match(refusal(/(?<=master-key-ed25519 ).*/, Buffer.alloc(32).toString('base64')), /another key than/)
    assert.match(refusal(/(?<=fingerprint )\S{4}/, '0000'), /fingerprint is that of another key/)
  })

  it('belong to a family only when its key says so', () => {
    const family = ed25519FromSeed(Buffer.alloc(32, 9))
    const relay = rawKey(ed25519FromSeed(Buffer.alloc(32, 7)))
    const options = { type: 12, expires: PUBLISHED + 3_600_000, key: relay, signer: family, withSigner: true }
    const withCertificate = (bytes: Uint8Array): string =>
      signDescriptor(body.replace('contact', `family-cert\n${composeObject('FAMILY CERT', bytes)}contact`), keys)
    const good = composeEd25519Certificate(options)
    const id = `ed25519:${rawKey(family).toString('base64').replace(/=$/, '')}`
    assert.deepEqual(parse(withCertificate(good)).documents[0]?.familyIds, [id])
    const forged = Buffer.concat([good.subarray(0, -1), Buffer.of((good.at(-1) ?? 0) ^ 1)])
    assert.match(why(withCertificate(forged)), /the family did not sign/)
    const foreign = composeEd25519Certificate({ ...options, key: rawKey(family) })
    assert.match(why(withCertificate(foreign)), /for another relay/)
    const old = composeEd25519Certificate({ ...options, expires: PUBLISHED - 3_600_000 })
    assert.match(why(withCertificate(old)), /family-cert had expired/)
    const other = composeEd25519Certificate({ ...options, type: 4 })
    assert.match(why(withCertificate(other)), /no certificate of a family/)
  })

  it('are refused with a line too many, too few or in the wrong place', () => {
    assert.match(refusal('published ', 'published 2026-11-22 12:00:00\npublished '), /published stands there twice/)
    assert.match(refusal(/bandwidth .*\n/, ''), /bandwidth is missing/)
    assert.match(refusal(/ntor-onion-key .*\n/, ''), /ntor-onion-key is missing/)
    assert.match(refusal('identity-ed25519', 'x\nidentity-ed25519'), /identity-ed25519 must be the second item/)
    assert.match(refusal(/$/, 'router-sig-ed25519 AAAA\n'), /stands there twice/)
    assert.match(why(`${signDescriptor(body, keys)}x y\n`), /something follows the signature/)
    assert.match(refusal('contact noc\n', 'contact noc\n-----BEGIN X-----\nAAAA\n-----END X-----\n'), /may have none/)
  })

  it('are refused with a value that is none', () => {
    const cases: readonly (readonly [string | RegExp, string, RegExp])[] = [
      ['router kestrel', 'router kes_trel', /nickname/],
      ['router kestrel', `router ${'k'.repeat(20)}`, /nickname/],
      ['192.0.2.1 9001', '192.0.2.256 9001', /address/],
      ['192.0.2.1 9001', '192.0.2.1 65536', /port/],
      ['192.0.2.1 9001', '192.0.2.1 -1', /port/],
      ['12:00:00', '24:00:00', /published has no time/],
      ['2026-11-22', '2026-02-30', /published has no time/],
      [/bandwidth .*/, 'bandwidth 1 2', /bandwidth has no number/],
      [/bandwidth .*/, 'bandwidth 1 2 -3', /bandwidth has no number/],
      [/bandwidth .*/, `bandwidth 1 2 ${'9'.repeat(30)}`, /bandwidth has no number/],
      [/uptime .*/, 'uptime soon', /uptime has no number/],
      ['reject *:*', 'reject *:99999', /rule of an exit policy/],
      ['reject *:*', 'reject *:9-8', /rule of an exit policy/],
      ['reject *:*', 'reject everything', /rule of an exit policy/],
      ['reject *:*', 'reject *:*\nipv6-policy accept 443,80', /summary of a policy/],
      ['reject *:*', 'reject *:*\nor-address 2001:db8::1:9001', /no address with a port/],
      ['reject *:*', 'reject *:*\nhibernating 2', /hibernating/],
      ['reject *:*', 'reject *:*\nextra-info-digest 1234', /extra-info-digest/],
      ['reject *:*', 'reject *:*\nproto Link', /proto/],
      ['reject *:*', 'reject *:*\noverload-general 1 yesterday', /overload-general/],
      ['reject *:*', 'reject *:*\n-----BEGIN', /line 4\d/],
      ['contact noc', 'contact noc\0', /NUL/],
      ['contact noc', `contact ${'n'.repeat(20_000)}`, /more than 20000 bytes/],
    ]
    for (const [from, to, reason] of cases) assert.match(refusal(from, to), reason, to.slice(0, 60))
  })

  it('may hold what nobody knows yet', () => {
    const text = signDescriptor(body.replace('contact', 'moon-phase 3 full\nopt contact'), keys)
    assert.equal(parse(text).documents[0]?.contact, 'noc')
    const newer = signDescriptor(body.replace('contact', 'overload-general 2 what\ncontact'), keys)
    assert.equal(parse(newer).documents[0]?.overloaded, null)
  })

  it('do no harm to one another: a bad one is named by its place, the rest is read', () => {
    const good = signDescriptor(body, keys)
    const bad = good.replace('contact noc', 'contact nod')
    const { documents, refused } = parse(
      `@downloaded-at 2026-11-22 12:00:00\n${good}@source "127.0.0.1"\n${bad}${good}`,
    )
    assert.equal(documents.length, 2)
    assert.equal(refused.length, 1)
    const notes = '@downloaded-at 2026-11-22 12:00:00\n@source "127.0.0.1"\n'.length
    const signature = bad.indexOf('router-signature')
    assert.equal(refused[0]?.offset, notes + good.length + signature)
  })

  it('are not found in garbage, and garbage does no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, isNear) => {
        const bytes = isNear ? Buffer.concat([Buffer.from('router '), noise]) : noise
        assert.deepEqual(parseServerDescriptors(bytes).documents, [])
      }),
    )
    assert.deepEqual(parse(''), { documents: [], refused: [] })
    assert.match(why('<html>503</html>\n'), /there is no "router"/)
  })

  it('that are bad are bounded in number', () => {
    const { refused } = parse('router \n'.repeat(10_010))
    assert.equal(refused.length, 10_001)
    assert.match(refused.at(-1)?.why ?? '', /the rest is not read/)
  })
})
