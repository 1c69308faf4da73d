import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { aptNoise, debianRoot } from '../../../../../test/e2e/setup-packages.ts'
import { type ScratchHost, scratchHost, sh } from '../../../../../test/e2e/setup-host.ts'
import { needs } from '../../../../../test/peers.ts'
import { NocError } from '../../../errors.ts'
import type { PackageState } from './package.ts'
import { debianPackage, user } from './index.ts'

const skip = needs({ root: true, programs: ['apt-get', 'dpkg-deb', 'useradd'] })

function scratch(t: TestContext): ScratchHost {
  const made = scratchHost(t, aptNoise)
  debianRoot(made)
  return made
}

async function set({ host }: ScratchHost, names: readonly string[], state: PackageState[string]): Promise<void> {
  const to = Object.fromEntries(names.map((name) => [name, state]))
  await debianPackage.write(host, { names }, to, await debianPackage.read(host, { names }))
}

const installed = (scratch: ScratchHost, name: string): boolean =>
  existsSync(join(scratch.host.root, 'usr/share', name))

test(
  'a package comes with what it needs, from lists that apt fetches itself, and both go again',
  { skip },
  async (t) => {
    const host = scratch(t)
    await set(host, ['noc-a'], 'installed')
    assert.deepEqual([installed(host, 'noc-a'), installed(host, 'noc-b')], [true, true])
    await set(host, ['noc-a'], 'absent')
    assert.deepEqual([installed(host, 'noc-a'), installed(host, 'noc-b')], [false, false])
  },
)

test('a package that another one needs by now stays, and the other one is named', { skip }, async (t) => {
  const host = scratch(t)
  await set(host, ['noc-b'], 'installed')
  await set(host, ['noc-a'], 'installed')
  await assert.rejects(set(host, ['noc-b'], 'absent'), /noc-b stays: noc-a needs it/)
  assert.ok(installed(host, 'noc-b'))
})

test('what nobody needed before is not swept away with it', { skip }, async (t) => {
  const host = scratch(t)
  await set(host, ['noc-b'], 'installed')
  const options = ['-o', `Dir=${host.host.root}`, '-o', `Dir::State::status=${host.host.root}/var/lib/dpkg/status`]
  sh('apt-mark', ...options, 'auto', 'noc-b')
  await set(host, ['noc-c'], 'installed')
  await set(host, ['noc-c'], 'absent')
  assert.ok(installed(host, 'noc-b'))
})

test('a package that does not exist is told by apt; a name that is none never reaches it', { skip }, async (t) => {
  const host = scratch(t)
  await assert.rejects(set(host, ['noc-none'], 'installed'), /Unable to locate package noc-none/)
  for (const name of ['-o', 'a b', 'A', '../x', 'a;b', '']) {
    await assert.rejects(async () => debianPackage.want({ names: [name] }, {}, host.host), NocError, name)
  }
})

test('a user that is there already is left as it is; a new one goes with its group', { skip }, async (t) => {
  const { host, put } = scratch(t)
  put('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\ntor:x:107:114::/srv/tor:/bin/bash\n')
  const there = await user.read(host, { name: 'tor' })
  assert.deepEqual(await user.want({ name: 'tor', home: '/elsewhere' }, there, host), there)
  const nobody = await user.read(host, { name: 'box' })
  const wanted = await user.want({ name: 'box' }, nobody, host)
  await user.write(host, { name: 'box' }, wanted, nobody)
  assert.deepEqual(await user.read(host, { name: 'box' }), wanted)
  await user.write(host, { name: 'box' }, nobody, wanted)
  assert.deepEqual(await user.read(host, { name: 'box' }), nobody)
  for (const name of ['-x', 'a b', 'a:b', 'A', '']) {
    await assert.rejects(async () => user.want({ name }, nobody, host), NocError, name)
  }
})
