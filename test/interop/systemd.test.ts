import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { needs } from '../peers.ts'

const WORST_EXPOSURE = 3

describe('the systemd unit', { skip: needs({ programs: ['systemd-analyze'] }) }, () => {
  it('is accepted by systemd without a word, and is closed enough', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'noc-unit-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const unit = join(dir, 'nocturne.service')
    const shipped = readFileSync(join(import.meta.dirname, '../../packaging/nocturne.service'), 'utf8')
    // The program is not installed where the unit will find it.
    writeFileSync(unit, shipped.replace('/usr/bin/noc', '/bin/true'))
    const verify = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8', timeout: 30_000 })
    assert.equal(verify.stderr.trim(), '')
    assert.equal(verify.status, 0)
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', unit], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout)?.[1])
    assert.ok(level <= WORST_EXPOSURE, security.stdout.slice(-400))
  })
})
