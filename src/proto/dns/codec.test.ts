import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import {
  CLASS_IN,
  type DnsMessage,
  decodeMessage,
  encodeMessage,
  nameBytes,
  query,
  readName,
  recordType,
  respond,
  responseCode,
} from './codec.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const plainObject = { noNullPrototype: true } as const
const malformed = (error: unknown): boolean => error instanceof NocError && error.code === 'NOC_DNS_MALFORMED'

// What a name server answered to `dig example.org A` after a CNAME, with both names compressed; EDNS record behind.
const ANSWER = hex(`
  1a2b 8180 0001 0002 0000 0001
  03777777 076578616d706c65 036f7267 00 0001 0001
  c00c 0005 0001 00000e10 0006 036f6c64 c010
  c02d 0001 0001 0000003c 0004 5db8d822
  00 0029 04d0 00000000 0000`)

describe('a DNS message', () => {
  it('of a name server is read, with compressed names in owner and data', () => {
    const message = decodeMessage(ANSWER)
    assert.deepEqual(
      [message.id, message.response, message.recursionAvailable, message.code],
      [0x1a2b, true, true, responseCode.noError],
    )
    assert.deepEqual(message.questions, [{ name: 'www.example.org', type: recordType.A, class: CLASS_IN }])
    const [alias, address] = message.answers
    assert.equal(readName(alias?.data ?? new Uint8Array(), 0).name, 'old.example.org')
    assert.equal(address?.name, 'old.example.org')
    assert.deepEqual([...(address?.data ?? [])], [93, 184, 216, 34])
    assert.equal(message.additionals[0]?.type, 41)
  })

  it('cut off at any byte is an error that says where, never a wrong answer or a crash', () => {
    for (let length = 0; length < ANSWER.length; length++) {
      assert.throws(() => decodeMessage(ANSWER.subarray(0, length)), malformed, `cut at ${length}`)
    }
  })

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          decodeMessage(bytes)
        } catch (error) {
          assert.ok(malformed(error), String(error))
        }
      }),
    )
  })

  it('whose name points to itself, forwards or in a circle is refused', () => {
    const header = '0001 0100 0001 0000 0000 0000'
    for (const name of ['c00c', 'c010', 'c00e c00c', '01 61 c00c', 'ff']) {
      assert.throws(() => decodeMessage(hex(`${header} ${name} 0001 0001`)), malformed, name)
    }
  })

  it('comes back as it was written', () => {
    const label = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Uint8Array.from([bytes.length, ...bytes]))
    const name = fc
      .array(label, { maxLength: 8 })
      .map((labels) => readName(Buffer.concat([...labels, Uint8Array.of(0)]), 0).name)
    const word = fc.nat(0xffff)
    const record = fc.record(
      {
        name,
        // Types with names in their data come back expanded; they have their own test.
        type: fc.constantFrom<number>(recordType.A, recordType.TXT, recordType.AAAA, recordType.HTTPS, 41),
        class: word,
        ttl: fc.nat(0xffffffff),
        data: fc.uint8Array({ maxLength: 40 }),
      },
      plainObject,
    )
    const records = fc.array(record, { maxLength: 3 })
    const message: fc.Arbitrary<DnsMessage> = fc.record(
      {
        id: word,
        response: fc.boolean(),
        opcode: fc.nat(15),
        authoritative: fc.boolean(),
        truncated: fc.boolean(),
        recursionDesired: fc.boolean(),
        recursionAvailable: fc.boolean(),
        reserved: fc.nat(7),
        code: fc.nat(15),
        questions: fc.array(fc.record({ name, type: word, class: word }, plainObject), { maxLength: 2 }),
        answers: records,
        authorities: records,
        additionals: records,
      },
      plainObject,
    )
    fc.assert(fc.property(message, (value) => assert.deepEqual(decodeMessage(encodeMessage(value)), value)))
  })
})

describe('a name', () => {
  it('keeps dots and odd bytes inside a label apart from the dots between labels', () => {
    const bytes = hex('04 612e5c00 03 6f7267 00')
    const { name } = readName(bytes, 0)
    assert.equal(name, 'a\\.\\\\\\000.org')
    assert.deepEqual(nameBytes(name), bytes)
    assert.deepEqual(nameBytes(''), Uint8Array.of(0))
  })

  it('that is too long, or has an empty or too long label, is not written', () => {
    const fits = Array.from({ length: 127 }, () => 'a').join('.')
    assert.equal(nameBytes(fits).length, 255)
    for (const wrong of [`${fits}.a`, 'a..b', '.', 'a.', `${'x'.repeat(64)}.org`, '\\999.org']) {
      assert.throws(() => nameBytes(wrong), malformed, wrong)
    }
  })
})

describe('a response', () => {
  it('repeats the identifier and the question of the query, so that the asker knows it', () => {
    const asked = query(7, 'EXAMPLE.org', recordType.A)
    const data = Uint8Array.of(198, 18, 0, 1)
    const answer = { name: 'EXAMPLE.org', type: recordType.A, class: CLASS_IN, ttl: 60, data }
    const bytes = encodeMessage(respond(decodeMessage(encodeMessage(asked)), responseCode.noError, [answer]))
    const response = decodeMessage(bytes)
    assert.deepEqual([response.id, response.response, response.questions], [7, true, asked.questions])
    assert.deepEqual(response.answers, [answer])
    // The owner of the answer is a pointer to the question: header, question (13 + 4), pointer, type ... data.
    assert.equal(bytes.length, 12 + 17 + 2 + 10 + 4)
  })
})
