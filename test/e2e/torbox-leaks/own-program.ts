/** Runs the leak test on this project's own set-up, inside a test network; prints the report. */
import { join } from 'node:path'
import { loadConfig } from '#core/config/load.ts'
import { systemClock } from '#core/clock.ts'
import { systems } from '#systems/index.ts'
import type { TorboxConfig } from '#systems/torbox/config.ts'
import { openLab } from '#systems/torbox/leak/box-lab.ts'
import { leakTest } from '#systems/torbox/leak/run.ts'
import type { BoxKind } from '#systems/torbox/wire.ts'

const [, , configFile = '', kind = ''] = process.argv
const noc = [process.execPath, '--import', 'tsx', join(import.meta.dirname, '../../../src/main.ts')]
const config = (await loadConfig(configFile, systems)).systems['torbox'] as TorboxConfig
const lab = await openLab({
  config,
  kind: kind as BoxKind,
  name: 'leaktest',
  configFile,
  env: process.env,
  noc,
})
const report = await leakTest({
  lab,
  disruptive: true,
  signal: AbortSignal.timeout(120_000),
  clock: systemClock,
  progress: (text) => process.stderr.write(`${Math.round(performance.now())} ${text}\n`),
})
await lab.close()
process.stdout.write(`${JSON.stringify(report)}\n`)
