import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { needs } from '../peers.ts'
import { CRASH_NEEDS, type CrashCase, crashEverywhere } from './setup-crash.ts'
import type { EveryKindConfig } from './setup-every-kind.ts'
import type { ScratchHost } from './setup-host.ts'
import { aptNoise, debianRoot } from './setup-packages.ts'

const skip = needs(CRASH_NEEDS)

function prepare(scratch: ScratchHost): void {
  debianRoot(scratch)
  scratch.put('/etc/motd', 'long\nand longer\n', 0o640)
  scratch.put('/etc/hosts', '127.0.0.1 localhost')
  scratch.put('/etc/tor/torrc', 'SocksPort 0\n')
}

const common: Omit<CrashCase<EveryKindConfig>, 'name'> = {
  module: join(import.meta.dirname, 'setup-every-kind.ts'),
  config: ({ name }) => ({ name }),
  prepare,
  ignore: aptNoise,
}

async function kill(t: TestContext, name: string): Promise<void> {
  t.diagnostic(`${await crashEverywhere(t, { ...common, name })} points`)
}

describe('killed anywhere in apply or undo, undo brings all back', { skip, concurrency: true }, () => {
  it('devices, rules and values of the kernel', (t) => kill(t, 'networkKinds'))
  it('files, users and services', (t) => kill(t, 'fileKinds'))
  it('packages', (t) => kill(t, 'packageKinds'))
})
