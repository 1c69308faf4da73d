/** The set-up of torbox, killed at every point. */
import { join } from 'node:path'
import { test } from 'node:test'
import * as v from 'valibot'
import { type TorboxConfig, torboxTable } from '#systems/torbox/config.ts'
import { needs } from '../peers.ts'
import { CRASH_NEEDS, crashEverywhere } from './setup-crash.ts'
import { aptNoise, debianRoot } from './setup-packages.ts'

const INSTALLED = ['tor', 'nftables', 'iproute2']
  .map(
    (name) =>
      `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: test\n`,
  )
  .join('\n')

test('its set-up, killed anywhere, can be undone to the last bit', { skip: needs(CRASH_NEEDS) }, async (t) => {
  const points = await crashEverywhere<TorboxConfig>(t, {
    module: join(import.meta.dirname, '../../src/systems/torbox/setup.ts'),
    name: 'torboxSetup',
    // Few seats: nft reads the rules some thousand times.
    config: () => v.parse(torboxTable.schema, { address: '10.100.100.1/28' }),
    prepare(scratch) {
      debianRoot(scratch)
      scratch.put('/var/lib/dpkg/status', INSTALLED)
      scratch.put('/etc/systemd/system/other.service', '')
    },
    ignore: aptNoise,
  })
  t.diagnostic(`${points} points`)
})
