import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NocError } from '#core/errors.ts'
import { parseDirAuthority, trustedAuthorities } from './authorities.ts'

const MORIA = 'F533C81CEF0BC0267857C99B2F471ADF249FA232'
const LINE = `moria1 orport=9201 v3ident=${MORIA} 128.31.0.39:9231 1A25C6358DB91342AA51720A5038B72742732498`

describe('the authorities of the public network', () => {
  const names = (at: string): string[] =>
    trustedAuthorities(Date.parse(at))
      .map(({ nickname }) => nickname.toLowerCase())
      .toSorted()

  it('are nine today, with the keys that tor itself has', () => {
    assert.deepEqual(names('2026-11-01'), [
      'bastet',
      'dannenberg',
      'dizum',
      'faravahar',
      'gabelmoo',
      'longclaw',
      'maatuska',
      'moria1',
      'tor26',
    ])
    assert.deepEqual(
      trustedAuthorities(Date.parse('2026-11-01')).find(({ nickname }) => nickname === 'moria1'),
      parseDirAuthority(LINE),
    )
  })

  it('are those of the day: keys change, authorities come and go', () => {
    const identity = (nickname: string, at: string): string | undefined =>
      trustedAuthorities(Date.parse(at)).find((authority) => authority.nickname === nickname)?.identity
    assert.equal(identity('moria1', '2022-11-19'), 'D586D18309DED4CD6D57C18FDB97EFA96D330566')
    assert.equal(identity('moria1', '2023-01-01'), MORIA)
    assert.ok(names('2022-11-19').includes('faravahar'))
    assert.ok(!names('2023-06-01').includes('faravahar'))
    assert.ok(names('2014-01-01').includes('turtles'))
    assert.ok(!names('2017-01-01').includes('bastet'))
  })

  it('are never two of one name, at no time', () => {
    for (let day = Date.parse('2012-10-01'); day < Date.parse('2027-01-01'); day += 7 * 86_400_000) {
      const all = trustedAuthorities(day)
      assert.equal(new Set(all.map(({ nickname }) => nickname.toLowerCase())).size, all.length)
      assert.ok(all.length >= 8 && all.length <= 9, new Date(day).toISOString())
    }
  })
})

describe('a DirAuthority line', () => {
  it('is read as tor reads it, with and without the word', () => {
    const expected = { nickname: 'moria1', identity: MORIA, dir: '128.31.0.39:9231', or: '128.31.0.39:9201' }
    assert.deepEqual(parseDirAuthority(LINE), expected)
    assert.deepEqual(parseDirAuthority(`DirAuthority ${LINE}`), expected)
    assert.deepEqual(parseDirAuthority(`  dirserver\t${LINE.toLowerCase()}  `), expected)
  })

  it('may have further flags, a fingerprint in groups, and no OR port', () => {
    const groups = 'FAA4 BCA4 A6AC 0FB4 CA2F 8AD5 A11D 9E12 2BA8 94F6'
    assert.deepEqual(
      parseDirAuthority(`tor26 no-v2 v3ident=${MORIA} ipv6=[2a02:16a8:662:2203::1]:443 217.196.147.77:80 ${groups}`),
      {
        nickname: 'tor26',
        identity: MORIA,
        dir: '217.196.147.77:80',
        or: null,
      },
    )
  })

  it('is refused with what is missing', () => {
    for (const [line, what] of [
      ['', /nickname/],
      ['a-b', /nickname/],
      [`moria1 v3ident=${MORIA}`, /no address with a port/],
      [`moria1 v3ident=${MORIA} 128.31.0.39:99999`, /no address with a port/],
      ['moria1 orport=1 128.31.0.39:80 1A25', /no v3ident/],
      [`moria1 v3ident=${MORIA}A 128.31.0.39:80`, /no v3ident/],
      [`moria1 orport=0 v3ident=${MORIA} 128.31.0.39:80`, /orport is no port/],
    ] as const) {
      assert.throws(
        () => parseDirAuthority(line),
        (error) => error instanceof NocError && error.exit === 2 && what.test(error.message),
        line,
      )
    }
  })
})
