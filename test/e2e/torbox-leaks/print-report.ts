import { systemClock } from '#core/clock.ts'
import type { Lab } from '#systems/torbox/leak/lab.ts'
import { leakTest } from '#systems/torbox/leak/run.ts'

/** Runs the whole leak test in a lab, closes it and prints the report; progress goes to stderr. */
export async function printReport(lab: Lab): Promise<void> {
  const report = await leakTest({
    lab,
    disruptive: true,
    signal: AbortSignal.timeout(120_000),
    clock: systemClock,
    progress: (text) => process.stderr.write(`${Math.round(performance.now())} ${text}\n`),
  })
  await lab.close()
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
