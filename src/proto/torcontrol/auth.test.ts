import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { NocError } from '#core/errors.ts'
import { challengeAnswer, loginArgument, parseProtocolInfo } from './auth.ts'
import { type Reply, replyDecoder } from './codec.ts'

/** A login that a real tor accepted: the cookie, our nonce, and the answer it took. */
const COOKIE = Buffer.from('484bd185e7167c30f1c63f8bd38ee09a4627c983ad630e5802581f3f7e7a2777', 'hex')
const NONCE = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const ANSWER = '510959641EEC20D222EE4139FA6143B3BCE0C0C4A6B30BEBFF70882ECF905C1B'

const [info, challenge] = replyDecoder()(readFileSync(join(import.meta.dirname, 'fixtures/login.txt'))) as [
  Reply,
  Reply,
]
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

describe('logging in', () => {
  it('reads what tor asks for', () => {
    const { methods, cookieFile, version } = parseProtocolInfo(info)
    assert.deepEqual(methods, ['COOKIE', 'SAFECOOKIE'])
    assert.match(cookieFile ?? '', /\/control_auth_cookie$/)
    assert.equal(version, '0.4.9.11')
  })

  it('by SAFECOOKIE gives the answer that tor accepted', () => {
    assert.equal(challengeAnswer(challenge, COOKIE, NONCE), ANSWER)
  })

  it('gives nothing away to a process that does not know the cookie', () => {
    const other = Buffer.from(COOKIE.map((byte) => byte ^ 1))
    assert.throws(() => challengeAnswer(challenge, other, NONCE), fails('NOC_TORCONTROL_IMPOSTOR'))
    const nothing: Reply = [{ code: 250, text: 'AUTHCHALLENGE', data: null }]
    assert.throws(() => challengeAnswer(nothing, COOKIE, NONCE), fails('NOC_TORCONTROL_IMPOSTOR'))
  })

  it('sends no file that is not a cookie', () => {
    const key = new TextEncoder().encode('-----BEGIN OPENSSH PRIVATE KEY-----')
    assert.throws(() => loginArgument({ kind: 'cookie', cookie: key }), fails('NOC_TORCONTROL_COOKIE'))
    assert.throws(() => challengeAnswer(challenge, key, NONCE), fails('NOC_TORCONTROL_COOKIE'))
  })

  it('carries any password', () => {
    assert.equal(loginArgument({ kind: 'password', password: 'é"\r\n' }), 'C3A9220D0A')
    assert.equal(loginArgument({ kind: 'none' }), '')
  })
})
