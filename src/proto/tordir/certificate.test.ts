import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseCertificates } from './certificate.ts'
import { composeCertificate } from './compose/certificate.ts'
import { newKey } from './compose/authority.ts'
import { TordirError } from './error.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures/certificates')
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, `${name}.txt`))

describe('certificates of authorities', () => {
  it('say which signing key the identity key vouches for, and until when', () => {
    const [certificate, ...others] = parseCertificates(fixture('valid/one'))
    assert.equal(others.length, 0)
    const { identity, signingKeyDigest, published, expires } = certificate ?? assert.fail()
    assert.match(identity, /^[0-9A-F]{40}$/)
    assert.match(signingKeyDigest, /^[0-9A-F]{40}$/)
    assert.deepEqual([published, expires], [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)])
  })

  it('are read one after the other, also when something made CRLF of the line ends', () => {
    const three = parseCertificates(fixture('valid/three'))
    assert.equal(new Set(three.map(({ identity }) => identity)).size, 3)
    assert.deepEqual(parseCertificates(fixture('valid/crlf')), three)
    assert.deepEqual(parseCertificates(fixture('valid/none')), [])
  })

  it('are refused with what is wrong, the line and the byte, each file of the corpus', () => {
    const files = readdirSync(join(FIXTURES, 'invalid')).toSorted()
    const said = files.map((file) => {
      try {
        parseCertificates(readFileSync(join(FIXTURES, 'invalid', file)))
        return `${file} was taken`
      } catch (error) {
        assert.ok(error instanceof TordirError, `${file}: ${String(error)}`)
        return `${file.slice(0, -'.txt'.length)}: ${error.message}`
      }
    })
    assert.deepEqual(said, fixture('invalid').toString().trimEnd().split('\n'))
  })

  it('are refused when they are cut or when a byte is another, any byte', () => {
    const whole = fixture('valid/one')
    const refused = (bytes: Buffer, what: string): void =>
      assert.throws(() => parseCertificates(bytes), TordirError, what)
    for (let at = 0; at < whole.length; at += 1) {
      if (at > 0) refused(whole.subarray(0, at), `cut at ${at}`)
      for (const flip of [0x01, 0x20, 0x80]) {
        const copy = Buffer.from(whole)
        copy[at] = (whole[at] ?? 0) ^ flip
        refused(copy, `byte ${at} ^ ${flip}`)
      }
    }
  })

  it('are refused with keys that are too short or have another exponent', async () => {
    const times = { published: Date.UTC(2026, 0, 1), expires: Date.UTC(2027, 0, 1) }
    const [long, short] = await Promise.all([newKey(), newKey(1024)])
    for (const keys of [
      { identity: short, signing: long },
      { identity: long, signing: short },
    ]) {
      assert.throws(
        () => parseCertificates(Buffer.from(composeCertificate({ ...keys, ...times }))),
        /is not one that an authority has/,
      )
    }
    assert.equal(
      parseCertificates(Buffer.from(composeCertificate({ identity: long, signing: long, ...times }))).length,
      1,
    )
  })
})
