import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bearerAllowed, hostAllowed, isLoopback, listenAddress, originAllowed } from './guard.ts'

describe('a Host header', () => {
  it('may be an address or localhost, with or without port', () => {
    for (const host of ['127.0.0.1:8470', 'localhost', 'localhost:8470', '[::1]:8470', '192.0.2.7']) {
      assert.ok(hostAllowed(host, []), host)
    }
  })

  it('may not be a name the operator did not give: that is what DNS rebinding sends', () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:8470',
      '',
      'a b',
      '[evil]',
      undefined,
    ]) {
      assert.ok(!hostAllowed(host, ['noc.example.org']), String(host))
    }
    assert.ok(hostAllowed('NOC.example.org:443', ['noc.example.org']))
  })
})

describe('an Origin header', () => {
  it('must be our own when there is one', () => {
    assert.ok(originAllowed(undefined, 'localhost:8470'))
    assert.ok(originAllowed('http://localhost:8470', 'localhost:8470'))
    assert.ok(!originAllowed('http://localhost:8471', 'localhost:8470'))
    assert.ok(!originAllowed('https://evil.example', 'localhost:8470'))
    assert.ok(!originAllowed('null', 'localhost:8470'))
  })
})

describe('the token', () => {
  it('is taken as a bearer token only, whole', () => {
    assert.ok(bearerAllowed('Bearer secret-token', 'secret-token'))
    for (const header of [
      undefined,
      '',
      'secret-token',
      'Bearer secret-toke',
      'Bearer secret-token2',
      'Basic secret-token',
      'Bearer ',
    ]) {
      assert.ok(!bearerAllowed(header, 'secret-token'), String(header))
    }
  })
})

describe('a listen address', () => {
  it('is told apart from its port, and loopback from the rest', () => {
    assert.deepEqual(listenAddress('[::1]:8470'), { address: '::1', port: 8470 })
    assert.deepEqual(listenAddress('127.0.0.1:0'), { address: '127.0.0.1', port: 0 })
    for (const wrong of ['localhost:1', '127.0.0.1', '127.0.0.1:99999', '1.2.3:4', '[::g]:1']) {
      assert.throws(() => listenAddress(wrong), { exit: 2 }, wrong)
    }
    assert.ok(isLoopback('127.0.0.1') && isLoopback('127.9.9.9') && isLoopback('::1'))
    assert.ok(!isLoopback('0.0.0.0') && !isLoopback('::') && !isLoopback('192.0.2.1'))
  })
})
