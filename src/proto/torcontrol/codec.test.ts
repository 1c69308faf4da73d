import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import {
  type Reply,
  type ReplyLimits,
  encodeCommand,
  encodeReply,
  quote,
  replyDecoder,
  unquote,
  words,
} from './codec.ts'

const decode = (bytes: Uint8Array, limits?: ReplyLimits): Reply[] => replyDecoder(limits)(bytes)
const bytes = (text: string): Uint8Array => Buffer.from(text)
const malformed = (error: unknown): boolean => error instanceof NocError && error.code === 'NOC_TORCONTROL_MALFORMED'

const word = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ' '))
const code = fc.integer({ min: 200, max: 699 })
const plain = fc.record({ code, text: word, data: fc.constant(null) }, { noNullPrototype: true })
const data = fc
  .array(
    fc.oneof(
      word,
      word.map((text) => `.${text}`),
    ),
  )
  .map((lines) => lines.join('\n'))
const body = fc.record({ code, text: word, data }, { noNullPrototype: true })
const reply: fc.Arbitrary<Reply> = fc
  .tuple(fc.array(fc.oneof(plain, body), { maxLength: 4 }), plain)
  .map(([lines, last]) => [...lines, last])

describe('replies of tor', () => {
  it('are read from a real session: login, start-up, streams and a big GETINFO', () => {
    const folder = join(import.meta.dirname, 'fixtures')
    const counts = readdirSync(folder).map((name) => [name, decode(readFileSync(join(folder, name))).length])
    assert.deepEqual(Object.fromEntries(counts), {
      'bootstrap.txt': 123,
      'getinfo.txt': 1,
      'login.txt': 3,
      'session.txt': 146,
    })
  })

  it('keep lines and bodies apart', () => {
    const text = '250-version=0.4.9.11\r\n250+ns/all=\r\nr auth1\r\n..a dot\r\n.\r\n250 OK\r\n'
    assert.deepEqual(decode(bytes(text)), [
      [
        { code: 250, text: 'version=0.4.9.11', data: null },
        { code: 250, text: 'ns/all=', data: 'r auth1\n.a dot' },
        { code: 250, text: 'OK', data: null },
      ],
    ])
  })

  it('come back as they were sent, however the network cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { maxLength: 4 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        (sent, sizes) => {
          const wire = Buffer.concat(sent.map(encodeReply))
          const take = replyDecoder()
          const got: Reply[] = []
          for (let at = 0; at < wire.length;) {
            const size = sizes.next().value ?? 1
            got.push(...take(wire.subarray(at, at + size)))
            at += size
          }
          assert.deepEqual(got, sent)
        },
      ),
    )
  })

  it('are never made up from a part: cut off at any byte, only the whole ones before the cut appear', () => {
    const wire = readFileSync(join(import.meta.dirname, 'fixtures/login.txt'))
    const all = decode(wire)
    const ends = all.map((_, index) => Buffer.concat(all.slice(0, index + 1).map(encodeReply)).length)
    for (let at = 0; at <= wire.length; at++) {
      assert.deepEqual(decode(wire.subarray(0, at)), all.slice(0, ends.filter((end) => end <= at).length), `byte ${at}`)
    }
  })

  it('that are none are an error with the offset, never a crash', () => {
    assert.throws(() => decode(bytes('250 OK\r\nHTTP/1.1 400 Bad Request\r\n')), /HTTP\/1\.1 400.* at byte 8/)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        try {
          decode(Buffer.concat([garbage, bytes('\r\n')]))
        } catch (error) {
          assert.ok(malformed(error), String(error))
        }
      }),
    )
  })

  it('may not fill the memory: line, reply and number of lines are bounded', () => {
    const limits = { line: 100, reply: 1000 }
    assert.throws(() => decode(bytes('250-'.padEnd(102, 'x')), limits), malformed)
    assert.throws(() => decode(bytes(`${'250-'.padEnd(90, 'x')}\r\n`.repeat(20)), limits), malformed)
    assert.throws(() => decode(bytes(`250+x=\r\n${'\r\n'.repeat(20)}`), limits), malformed)
    const one = bytes(`250 ${'x'.repeat(90)}\r\n`)
    assert.equal(decode(Buffer.concat(Array.from({ length: 50 }, () => one)), limits).length, 50)
  })

  it('in a line without end cost no more than their bytes', () => {
    const take = replyDecoder()
    const byte = bytes('2')
    assert.throws(() => {
      for (;;) take(byte)
    }, malformed)
  })
})

describe('commands', () => {
  it('are one line each: what would be a second command is refused', () => {
    assert.equal(Buffer.from(encodeCommand('SIGNAL', 'NEWNYM')).toString(), 'SIGNAL NEWNYM\r\n')
    for (const end of ['\r', '\n', '\0']) assert.throws(() => encodeCommand('GETINFO', `a${end}SIGNAL HALT`), NocError)
  })
})

describe('words of a line', () => {
  it('stand alone, or have a name and perhaps quotes', () => {
    const { plain, named } =
      words('14 NEW 0 www.example:80 PURPOSE=USER SOCKS_PASSWORD="a \\"b\\" c" ISO_FIELDS=', 4) ?? {}
    assert.deepEqual(plain, ['14', 'NEW', '0', 'www.example:80'])
    assert.deepEqual(
      [...(named ?? [])],
      [
        ['PURPOSE', 'USER'],
        ['SOCKS_PASSWORD', 'a "b" c'],
        ['ISO_FIELDS', ''],
      ],
    )
  })

  it('at a known place may look like a name', () => {
    assert.deepEqual(words('1 NEW 0 REASON=X:80', 4), { plain: ['1', 'NEW', '0', 'REASON=X:80'], named: new Map() })
  })

  it('with a quote that is not closed are none', () => {
    assert.equal(words('A="x y', 0), null)
    assert.equal(words('A="x\\"', 0), null)
  })

  it('survive quoting, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        assert.equal(unquote(quote(value)), value)
        assert.deepEqual(
          words(`KEY=${quote(value)} LAST=1`, 0)?.named,
          new Map([
            ['KEY', value],
            ['LAST', '1'],
          ]),
        )
      }),
    )
  })

  it("are read with tor's escapes: octal bytes are UTF-8", () => {
    assert.equal(unquote('"caf\\303\\251\\n\\t\\x41\\q"'), 'café\n\tAq')
  })

  it('of any line are split in time that grows with its length', () => {
    fc.assert(fc.property(fc.string(), fc.nat(5), (line, positional) => void words(line, positional)))
    words(`A="${'\\"'.repeat(100_000)}`, 0)
    words('"'.repeat(200_000), 0)
    words(' '.repeat(200_000), 0)
    words(`${'A="" '.repeat(50_000)}"`, 0)
  })
})
