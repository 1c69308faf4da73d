import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import { find } from './find.ts'
import { asnOf, city, descriptor, entry, fingerprint, geoOf, mapOf } from './fixtures/parts.ts'
import { countryPlace } from './geo/records.ts'
import { parseQuery } from './query.ts'
import { compareVersions } from './version.ts'

const map = mapOf(
  [
    entry('A1', { nickname: 'Seele', address: '192.0.2.1', flags: ['Exit', 'Fast'], version: 'Tor 0.4.8.12' }),
    entry('B2', { nickname: 'moria1', address: '192.0.2.130', flags: ['Authority'], version: 'Tor 0.4.9.1-alpha' }),
    entry('C3', {
      nickname: 'Nemo',
      address: '198.51.100.7',
      flags: ['Guard'],
      version: 'Tor 0.4.8.1',
      otherAddresses: ['[2001:db8::7]:443'],
    }),
    entry('D4', { nickname: 'Unnamed', address: '203.0.113.9', version: null }),
  ],
  {
    geo: geoOf({ '192.0.2.1': city(10, 50), '192.0.2.130': countryPlace('US'), '198.51.100.7': countryPlace('IS') }),
    asn: asnOf({ '192.0.2.1': { number: 64_496, name: 'Example Hosting' } }),
    descriptors: [
      descriptor('A1', { contact: 'Jane Doe <jane@example.org>, no spam', family: [fingerprint('C3')] }),
      descriptor('C3', { contact: 'nemo AT example', family: [fingerprint('A1')] }),
    ],
  },
)

const names = (query: string): readonly string[] => find(map, query).map((relay) => relay.entry.nickname)

describe('find', () => {
  it('looks for a word in names, fingerprints, addresses, contacts and AS numbers', () => {
    assert.deepEqual(names('eel'), ['Seele'])
    assert.deepEqual(names(fingerprint('C3')), ['Nemo'])
    assert.deepEqual(names(`$${fingerprint('c3')}`), ['Nemo'])
    assert.deepEqual(names('B200'), ['moria1'])
    assert.deepEqual(names('192.0.2.'), ['Seele', 'moria1'])
    assert.deepEqual(names('192.0.2.13'), [])
    assert.deepEqual(names('2001:db8::7'), ['Nemo'])
    assert.deepEqual(names('[2001:0db8:0::7]:443'), ['Nemo'])
    assert.deepEqual(names('beef::7'), [])
    assert.deepEqual(names('jane@example.org'), ['Seele'])
    assert.deepEqual(names('as64496'), ['Seele'])
    assert.deepEqual(names('nobody'), [])
  })

  it('looks in one place when a qualifier says so', () => {
    assert.deepEqual(names('nickname:NEMO'), ['Nemo'])
    assert.deepEqual(names('fingerprint:a100'), ['Seele'])
    assert.deepEqual(names('address:192.0.2.128/25'), ['moria1'])
    assert.deepEqual(names('address:2001:db8::/32'), ['Nemo'])
    assert.deepEqual(names('as:64496'), ['Seele'])
    assert.deepEqual(names('as:"example hosting"'), ['Seele'])
    assert.deepEqual(names('country:is'), ['Nemo'])
    assert.deepEqual(names('country:Germany'), ['Seele'])
    assert.deepEqual(names('contact:"jane doe"'), ['Seele'])
    assert.deepEqual(names('contact:"jane@example.org>, no"'), ['Seele'])
    assert.deepEqual(names('flag:guard'), ['Nemo'])
    assert.deepEqual(names('class:exit'), ['Seele'])
    assert.deepEqual(names('class:dualstack'), ['Nemo'])
  })

  it('gives the whole family of a relay', () => {
    for (const query of ['family:seele', `family:${fingerprint('C3')}`, `family:$${fingerprint('a1')}`]) {
      assert.deepEqual(names(query), ['Seele', 'Nemo'], query)
    }
    assert.deepEqual(names('family:Unnamed'), ['Unnamed'])
  })

  it('compares versions as versions', () => {
    assert.deepEqual(names('version:0.4.8'), ['Seele', 'Nemo'])
    assert.deepEqual(names('version:0.4.8.1'), ['Nemo'])
    assert.deepEqual(names('version:<0.4.8.12'), ['Nemo'])
    assert.deepEqual(names('version:>=0.4.8.12'), ['Seele', 'moria1'])
    assert.deepEqual(names('version:outdated'), ['Nemo'])
    const order = [
      '0.4.8.9',
      '0.4.8.12',
      '0.4.9.1-alpha',
      '0.4.9.1-alpha-dev',
      '0.4.9.1-rc',
      '0.4.9.1',
      '0.4.9.2-alpha',
      '0.5.0.0',
    ]
    assert.deepEqual(order.toReversed().toSorted(compareVersions), order)
  })

  it('wants all terms to fit, any value of a term, and none of those with a minus', () => {
    assert.deepEqual(names('country:is,de'), ['Seele', 'Nemo'])
    assert.deepEqual(names('country:is,de flag:exit'), ['Seele'])
    assert.deepEqual(names('-country:is,de'), ['moria1', 'Unnamed'])
    assert.deepEqual(names('-seele  -nemo version:0.4.9'), ['moria1'])
  })

  it('says in words why it cannot answer', () => {
    const refusal = (query: string, of = map): string => {
      try {
        find(of, query)
      } catch (error) {
        assert.ok(error instanceof NocError && error.exit === 2, query)
        return error.message
      }
      return assert.fail(query)
    }
    assert.match(refusal(''), /empty/)
    assert.match(refusal('   '), /empty/)
    assert.match(refusal('colour:red'), /qualifier.*colour/)
    assert.match(refusal('flag:Exti'), /exti.*Exit/)
    assert.match(refusal('class:fast'), /exitFast/)
    assert.match(refusal('country:Atlantis'), /atlantis/)
    assert.match(refusal('address:example.org'), /address/)
    assert.match(refusal('address:192.0.2.0/33'), /address/)
    assert.match(refusal('fingerprint:xyz'), /hexadecimal/)
    assert.match(refusal('version:new'), /version/)
    assert.match(refusal('contact:"jane'), /not closed/)
    assert.match(refusal('as:'), /says nothing/)
    assert.match(refusal('x'.repeat(2000)), /longer/)
    const bare = mapOf([entry('A1')])
    assert.match(refusal('contact:jane', bare), /without server descriptors/)
    assert.match(refusal('family:seele', bare), /without descriptors/)
    assert.match(refusal('country:de', bare), /without a geo database/)
    assert.match(refusal('as:1', bare), /without a database/)
  })

  it('takes any text apart in linear time, or refuses it in words', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 1000, unit: fc.constantFrom('"', ':', ',', '-', ' ', 'a', 'flag', '\n', '[') }),
        (text) => {
          try {
            assert.ok(parseQuery(text).every((term) => term.values.length > 0 && !term.values.includes('')))
          } catch (error) {
            assert.ok(error instanceof NocError, String(error))
          }
        },
      ),
    )
  })
})
