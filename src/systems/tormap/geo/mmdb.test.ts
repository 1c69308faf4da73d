import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Reader } from 'mmdb-lib'
import { NocError } from '#core/errors.ts'
import { addressBytes, ipv4Text } from '#proto/netlink/address.ts'
import { bytesOf } from './bytes.ts'
import { type WriteOptions, type Writable, writeMmdb } from './fixtures/write-mmdb.ts'
import { openMmdb } from './mmdb.ts'

const FALKENSTEIN = {
  traits: [true, false, 'x'],
  city: { names: { de: 'Falkenstein', en: 'Falkenstein' }, geoname_id: 2_927_913 },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  location: { latitude: 50.4777, longitude: 12.3649, accuracy_radius: 20 },
}
const RECORDS = {
  '192.0.2.0/24': FALKENSTEIN,
  '192.0.2.128/25': { country: FALKENSTEIN.country },
  '2001:db8::/32': FALKENSTEIN,
}
const whole = { city: true, country: true, location: true, traits: true } as const

function open(bytes: Uint8Array): ReturnType<typeof openMmdb> {
  return openMmdb(bytesOf(bytes, 'test.mmdb'))
}

function look(
  bytes: Uint8Array,
  address: string,
  wanted: Parameters<ReturnType<typeof open>['read']>[1] = whole,
): unknown {
  const database = open(bytes)
  const place = database.find(addressBytes(address) ?? new Uint8Array(0))
  return place === null ? null : JSON.parse(JSON.stringify(database.read(place, wanted)))
}

describe('an MMDB file', () => {
  it('is read in every size of record and for both versions of the protocol', () => {
    for (const recordBits of [24, 28, 32] as const) {
      const six = writeMmdb(RECORDS, { recordBits })
      assert.deepEqual(look(six, '192.0.2.1'), FALKENSTEIN)
      assert.deepEqual(look(six, '192.0.2.200'), { country: FALKENSTEIN.country })
      assert.deepEqual(look(six, '2001:db8:1::1'), FALKENSTEIN)
      assert.equal(look(six, '192.0.3.0'), null)
      const four = writeMmdb({ '192.0.2.0/24': FALKENSTEIN }, { recordBits, version: 4 })
      assert.deepEqual(look(four, '192.0.2.1'), FALKENSTEIN)
      assert.equal(look(four, '2001:db8::1'), null)
    }
  })

  it('gives the wanted keys and no others', () => {
    const wanted = { city: { names: { en: true } }, location: { latitude: true } } as const
    assert.deepEqual(look(writeMmdb(RECORDS), '192.0.2.1', wanted), {
      city: { names: { en: 'Falkenstein' } },
      location: { latitude: 50.4777 },
    })
  })

  it('is read as another reader reads it', () => {
    const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ minLength: 290, maxLength: 300 }))
    // The other reader can't read this one.
    const key = text.filter((name) => name !== '__proto__')
    const { value } = fc.letrec<{ value: Writable }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.nat(),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    const network = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 })).map(([a, l]) => `${ipv4Text(a)}/${l}`)
    const options: fc.Arbitrary<WriteOptions> = fc.record({
      recordBits: fc.constantFrom(24, 28, 32),
      version: fc.constantFrom(4, 6),
    })
    const record = fc.record({ city: value, country: value })
    fc.assert(
      fc.property(fc.dictionary(network, record, { minKeys: 1, maxKeys: 5 }), options, (records, settings) => {
        const bytes = writeMmdb(records, settings)
        const other = new Reader<never>(bytes)
        for (const address of Object.keys(records).map((name) => name.split('/')[0] ?? '')) {
          assert.deepEqual(look(bytes, address), plain(other.get(address)))
        }
      }),
    )
  })

  it('says the same of an address whatever it was asked before', () => {
    const octets = fc.array(fc.nat(3), { minLength: 4, maxLength: 4 })
    const network = fc.tuple(octets, fc.integer({ min: 1, max: 32 })).map(([a, l]) => `${a.join('.')}/${l}`)
    fc.assert(
      fc.property(
        fc.uniqueArray(network, { minLength: 1, maxLength: 8 }),
        fc.array(
          fc.oneof(
            octets.map((list) => list.join('.')),
            fc.constantFrom('2001:db8::1', '2001:db9::1', '::1'),
          ),
        ),
        (networks, addresses) => {
          const bytes = writeMmdb(Object.fromEntries(networks.map((name) => [name, { name }])))
          const database = open(bytes)
          for (const address of addresses) {
            const asked = addressBytes(address) ?? new Uint8Array(0)
            assert.equal(database.find(asked), open(bytes).find(asked), address)
          }
        },
      ),
    )
  })

  it('that is cut or damaged at any byte is refused or read, but never hangs nor throws anything else', () => {
    const bytes = writeMmdb(RECORDS)
    const tryIt = (damaged: Uint8Array): void => {
      try {
        for (const address of ['192.0.2.1', '192.0.2.200', '2001:db8::1']) look(damaged, address)
      } catch (error) {
        assert.ok(error instanceof NocError, String(error))
        assert.match(error.message, /^The geo database test\.mmdb .* \(at byte \d+\)\.$/)
      }
    }
    for (let length = 0; length < bytes.length; length += 1) tryIt(bytes.subarray(0, length))
    for (let index = 0; index < bytes.length; index += 1) {
      for (const mask of [0xff, 0x01, 0x20, 0x80]) {
        const damaged = Uint8Array.from(bytes)
        damaged[index] = (damaged[index] ?? 0) ^ mask
        tryIt(damaged)
      }
    }
  })

  it('with pointers in a circle, or that would unfold without end, is refused', () => {
    // A map whose only value is a pointer to the map itself.
    const circle = Buffer.from([0xe1, 0x44, ...Buffer.from('city'), 0x20, 0x00])
    const bytes = writeMmdb({ '192.0.2.0/24': 'RECORD' })
    const at = bytes.indexOf('FRECORD')
    const patched = Buffer.concat([bytes.subarray(0, at), circle, bytes.subarray(at + 7)])
    // Small in the file, where each list is stored once, and large when read.
    const lists = Array.from({ length: 8 }).reduce<Writable>((list) => [list, list, list, list], 'x')
    for (const file of [patched, writeMmdb({ '192.0.2.0/24': { city: lists } })]) {
      assert.throws(() => look(file, '192.0.2.1'), { name: 'NocError', code: 'NOC_TORMAP_MMDB' })
    }
  })
})

/** As JSON sees it; the other reader has integers of more than 32 bits as bigint. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part)))
}
