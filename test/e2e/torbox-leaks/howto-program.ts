/** Runs the leak test on the HOWTO's rules, inside a test network; prints the report. Its argument says which rules. */
import { systemClock } from '#core/clock.ts'
import { leakTest } from '#systems/torbox/leak/run.ts'
import { type HowtoOptions, howtoLab } from './plain-lab.ts'

const lab = await howtoLab(JSON.parse(process.argv[2] ?? '') as HowtoOptions)
const report = await leakTest({
  lab,
  disruptive: true,
  signal: AbortSignal.timeout(120_000),
  clock: systemClock,
  progress: (text) => process.stderr.write(`${Math.round(performance.now())} ${text}\n`),
})
await lab.close()
process.stdout.write(`${JSON.stringify(report)}\n`)
