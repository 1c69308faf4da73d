import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { needs } from '../peers.ts'
import { installKeys } from './keys.ts'

function scratch(t: TestContext): { cache: string; directory: string } {
  const folder = mkdtempSync(join(tmpdir(), 'noc-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return { cache: join(folder, 'keys.json'), directory: join(folder, 'network') }
}

describe('the keys of a test network', { skip: needs({ programs: ['tor', 'tor-gencert'] }) }, () => {
  it('are made once, also by two at the same time, and made anew when the file was cut off', async (t) => {
    const { cache, directory } = scratch(t)
    const both = await Promise.all(['a', 'b'].map((name) => installKeys(cache, join(directory, name))))
    for (const { v3Identity, fingerprint } of both.flat()) {
      assert.match(v3Identity, /^[\dA-F]{40}$/)
      assert.match(fingerprint, /^[\dA-F]{40}$/)
    }
    assert.equal(statSync(join(directory, 'b/auth2/keys/authority_signing_key')).mode & 0o777, 0o600)
    const again = await installKeys(cache, join(directory, 'c'))
    assert.ok(both.some((keys) => isDeepStrictEqual(keys, again)))
    const whole = readFileSync(cache)
    writeFileSync(cache, whole.subarray(0, whole.length / 2))
    assert.notDeepEqual(await installKeys(cache, join(directory, 'd')), again)
    assert.equal(readdirSync(join(cache, '..')).filter((name) => name.startsWith('keys.json')).length, 1)
  })

  it('leave nothing of a run that was killed while it wrote them', async (t) => {
    const { cache, directory } = scratch(t)
    const [old, young] = [`${cache}.0123`, `${cache}.4567`]
    for (const draft of [old, young]) writeFileSync(draft, 'half')
    utimesSync(old, 0, 0)
    await installKeys(cache, directory)
    const left = readdirSync(join(cache, '..')).filter((name) => name.startsWith('keys.json.'))
    assert.deepEqual(left, ['keys.json.4567'])
  })
})
