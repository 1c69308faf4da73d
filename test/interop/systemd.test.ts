import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { needs } from '../peers.ts'

const WORST_EXPOSURE = 3

/** A copy whose program is there: it is not installed where the units will find it. */
function shipped(t: TestContext, ...names: readonly string[]): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'noc-unit-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return names.map((name) => {
    const text = readFileSync(join(import.meta.dirname, '../../packaging', name), 'utf8')
    writeFileSync(join(dir, name), text.replace('/usr/bin/noc', '/bin/true'))
    return join(dir, name)
  })
}

const analyze = (...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: 30_000 })

describe('the systemd units', { skip: needs({ programs: ['systemd-analyze'] }) }, () => {
  it('are accepted by systemd without a word', (t) => {
    const units = shipped(t, 'nocturne.service', 'nocturne-setups.socket', 'nocturne-setups@.service')
    const { stderr, status } = analyze('verify', ...units)
    assert.equal(stderr.trim(), '')
    assert.equal(status, 0)
  })

  it('close the daemon in', (t) => {
    const { stdout } = analyze('security', '--offline=true', ...shipped(t, 'nocturne.service'))
    const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])
    assert.ok(level <= WORST_EXPOSURE, stdout.slice(-400))
  })
})
