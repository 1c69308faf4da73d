import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type DnsMessage,
  decodeMessage,
  encodeMessage,
  query,
  readName,
  recordType,
  responseCode,
} from '#proto/dns/codec.ts'
import { answer, isPublic, reverseAddress, reverseResponse } from './answers.ts'
import { createNamePool } from './names.ts'

const { A, AAAA, HTTPS, MX, PTR, TXT } = recordType

function asked(name: string, type: number, names = createNamePool()): { code: number; data: string[] } | string | null {
  const decided = answer(query(1, name, type), names)
  if (decided === null) return null
  if (decided.kind === 'reverse') return decided.address
  const { code, answers } = decodeMessage(encodeMessage(decided.response))
  return { code, data: answers.map(({ data }) => Buffer.from(data).toString('hex')) }
}

const nothing = { code: responseCode.nxDomain, data: [] }

describe('the resolver of a box', () => {
  it('gives every public name an address of its own at once, onion names too', () => {
    const names = createNamePool()
    const onion = `${'a'.repeat(56)}.onion`
    assert.deepEqual(asked('www.example.org', A, names), { code: 0, data: ['c6120001'] })
    assert.deepEqual(asked('WWW.Example.ORG', A, names), { code: 0, data: ['c6120001'] })
    assert.deepEqual(asked(onion, A, names), { code: 0, data: ['c6120002'] })
    assert.deepEqual(asked(onion, AAAA, names), { code: 0, data: ['fd6e6f63626f78000000000000000002'] })
    assert.deepEqual([names.nameOf(1), names.nameOf(2)], ['www.example.org', onion])
  })

  it('tells nobody about names that only the local network knows', () => {
    for (const name of [
      'fileserver',
      'printer.local',
      'db.internal',
      'nas.home.arpa',
      'router.lan',
      '1.2.3.4',
      'a b.org',
    ]) {
      assert.deepEqual(asked(name, A), nothing, name)
    }
    assert.equal(createNamePool().size, 0)
  })

  it('asks Firefox by the canary not to resolve elsewhere', () => {
    assert.deepEqual(asked('use-application-dns.net', A), nothing)
  })

  it('knows localhost, which is the box', () => {
    assert.deepEqual(asked('localhost', A), { code: 0, data: ['7f000001'] })
    assert.deepEqual(asked('app.localhost', AAAA), { code: 0, data: [`${'0'.repeat(31)}1`] })
  })

  it('has no HTTPS records, and says of what it cannot ask that it cannot, not that there is none', () => {
    assert.deepEqual(asked('example.org', HTTPS), { code: responseCode.noError, data: [] })
    for (const type of [TXT, MX]) {
      assert.deepEqual(asked('example.org', type), { code: responseCode.notImplemented, data: [] })
    }
  })

  it('turns its own addresses back into names, and has tor asked for others', () => {
    const names = createNamePool()
    asked('www.example.org', A, names)
    const name = answer(query(1, '1.0.18.198.in-addr.arpa', PTR), names)
    assert.ok(name?.kind === 'response')
    assert.equal(readName(name.response.answers[0]?.data ?? new Uint8Array(), 0).name, 'www.example.org')
    assert.deepEqual(asked('9.0.18.198.in-addr.arpa', PTR, names), nothing)
    assert.equal(asked('34.216.184.93.in-addr.arpa', PTR), '93.184.216.34')
    const v6 = `${'8.b.d.0.1.0.0.2'.split('.').join('.')}.ip6.arpa`
    assert.deepEqual(asked(`7.${'0.'.repeat(23)}${v6}`, PTR), '2001:db8::7')
    assert.deepEqual(asked('nonsense.arpa', PTR), nothing)
  })

  it('repeats the question as it was asked, letter case included, by which programs know their answers', () => {
    const decided = answer(query(77, 'wWw.ExAmPlE.oRg', A), createNamePool())
    assert.ok(decided?.kind === 'response')
    assert.equal(decided.response.questions[0]?.name, 'wWw.ExAmPlE.oRg')
    assert.equal(decided.response.answers[0]?.name, 'wWw.ExAmPlE.oRg')
    assert.equal(decided.response.id, 77)
  })

  it('answers no answer, and refuses what is not one standard question of the Internet', () => {
    const plain = query(1, 'example.org', A)
    const code = (change: Partial<DnsMessage>): number | null => {
      const decided = answer({ ...plain, ...change }, createNamePool())
      return decided?.kind === 'response' ? decided.response.code : null
    }
    assert.equal(code({ response: true }), null)
    assert.equal(code({ opcode: 4 }), responseCode.notImplemented)
    assert.equal(code({ questions: [] }), responseCode.formatError)
    assert.equal(code({ questions: [{ name: 'version.bind', type: TXT, class: 3 }] }), responseCode.notImplemented)
  })

  it('has a response that can be sent for whatever is asked', () => {
    fc.assert(
      fc.property(fc.domain(), fc.nat(0xffff), fc.nat(0xffff), (name, id, type) => {
        const decided = answer(query(id, name, type), createNamePool())
        if (decided?.kind === 'response') assert.equal(decodeMessage(encodeMessage(decided.response)).id, id)
      }),
    )
  })
})

describe('a name that tor was asked for', () => {
  it('is in the response, or the response says that there is none', () => {
    const question = query(5, '34.216.184.93.in-addr.arpa', PTR)
    const known = decodeMessage(encodeMessage(reverseResponse(question, 'www.example.org')))
    assert.equal(readName(known.answers[0]?.data ?? new Uint8Array(), 0).name, 'www.example.org')
    assert.equal(reverseResponse(question, null).code, responseCode.nxDomain)
  })
})

describe('reverse names and public names', () => {
  it('are read strictly', () => {
    for (const wrong of ['1.2.3.in-addr.arpa', '1.2.3.4.5.in-addr.arpa', '999.1.1.1.in-addr.arpa', 'a.ip6.arpa', '']) {
      assert.equal(reverseAddress(wrong), null, wrong)
    }
    for (const name of ['example.org', '_dmarc.example.org', 'xn--bcher-kva.example', 'a.b.c.d'])
      assert.ok(isPublic(name))
    for (const name of [
      '-a.org',
      'a-.org',
      'a..org',
      '.org',
      'org.',
      'a.org/',
      '2001:db8::1',
      `${'a.'.repeat(127)}aa`,
    ]) {
      assert.ok(!isPublic(name), name)
    }
  })
})
