/** Runs the leak test on this project's own set-up, inside a test network; prints the report. */
import { join } from 'node:path'
import { loadConfig } from '#core/config/load.ts'
import { systems } from '#systems/index.ts'
import type { TorboxConfig } from '#systems/torbox/config.ts'
import { openLab } from '#systems/torbox/leak/box-lab.ts'
import type { BoxKind } from '#systems/torbox/wire.ts'
import { printReport } from './print-report.ts'

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
await printReport(lab)
