/** `noc torbox leaktest`. */
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { exitCode } from '#core/errors.ts'
import type { TorboxConfig } from '../config.ts'
import { lookSetUp, notSetUp } from '../root/ready.ts'
import type { BoxKind } from '../wire.ts'
import { openLab } from './box-lab.ts'
import { reportLines } from './report.ts'
import { leakTest } from './run.ts'

/** What `noc torbox leaktest` receives. */
export interface LeaktestInput {
  readonly flags: { readonly name: string | undefined; readonly disruptive: boolean }
}

/** Name of the throw-away box that nobody named. */
export const LEAKTEST_BOX = 'leaktest'

/** The kind of box that `noc torbox run` would make here. */
export async function kindHere(config: TorboxConfig): Promise<BoxKind> {
  if (process.geteuid?.() !== 0) return 'user'
  const setUp = await lookSetUp(config)
  // Where half of it is missing, a box of another kind would hide that.
  if (setUp.state === 'broken') throw notSetUp(setUp)
  return setUp.state === 'whole' ? 'root' : 'user'
}

/** Runs the test, shows it, exits with 1 when a row failed, or too few could be asked. */
export async function leaktest({ flags }: LeaktestInput, cx: CommandContext): Promise<number> {
  const { out, signal } = cx
  const config = await cx.config<TorboxConfig>()
  const { name = LEAKTEST_BOX, disruptive } = flags
  const kind = await kindHere(config)
  const lab = await openLab({ config, kind, name, configFile: cx.configFile(), env: process.env })
  try {
    const report = await leakTest({
      lab,
      disruptive,
      signal,
      clock: systemClock,
      progress: (text) => {
        if (!cx.json && out.terminal) out.note(`${text} ...`)
      },
    })
    if (cx.json) out.json(report)
    else {
      const columns = out.terminal ? out.columns() : Infinity
      for (const line of reportLines(report, { columns, ink: out.ink.bind(out) })) out.line(line)
    }
    return report.answer.severity === 'ok' ? exitCode.ok : exitCode.found
  } finally {
    await lab.close()
  }
}
