/** `noc torbox circuits`. */
import { setTimeout } from 'node:timers/promises'
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { exitCode } from '#core/errors.ts'
import { ask } from '#core/http/client.ts'
import { openScrollScreen } from '#core/tui/scroll-screen.ts'
import type { TorboxConfig } from '../config.ts'
import { controlSocket } from '../torrc.ts'
import type { CircuitsReport } from '../wire.ts'
import { knownBoxes } from './boxes.ts'
import { openCountries } from './countries.ts'
import { followTor } from './follow.ts'
import { readGuard } from './guard.ts'
import { circuitsReport } from './report.ts'
import { circuitLines } from './text.ts'

/** What `noc torbox circuits` receives. */
export interface CircuitsInput {
  readonly flags: { readonly watch: boolean; readonly interval: number | undefined }
}

/** Seconds between two looks when nobody said otherwise. */
const INTERVAL_S = 2

/** Shows what the boxes do, once or again and again. */
export async function circuits({ flags }: CircuitsInput, cx: CommandContext): Promise<number> {
  const { out } = cx
  const config = await cx.config<TorboxConfig>()
  const countries = openCountries(config.geoip, config.geoip6)
  const follower = followTor({ path: controlSocket(config), clock: systemClock, countries })
  const guard = async (): ReturnType<typeof readGuard> => (process.geteuid?.() === 0 ? readGuard() : null)
  const directory = await cx.dataDirectory()
  const ownTor = config.tor === 'own'
  // The daemon has listened to tor for longer, and knows whose connections they are.
  const look = async (): Promise<CircuitsReport> =>
    (await ask<CircuitsReport>(directory, '/torbox', cx.actor).catch(() => null)) ??
    circuitsReport({ follower, ownTor, boxes: knownBoxes, guard, now: () => systemClock.now() })
  try {
    await follower.begun
    const interval = (flags.interval ?? INTERVAL_S) * 1000
    if (flags.watch && out.terminal && !cx.json) await live(look, interval, cx)
    else {
      for (;;) {
        const report = await look()
        if (cx.json) out.json(report)
        else for (const line of lines(report, cx, Infinity)) out.line(line)
        if (!flags.watch || cx.signal.aborted) break
        await setTimeout(interval, undefined, { signal: cx.signal }).catch(() => undefined)
      }
    }
    return exitCode.ok
  } finally {
    follower.stop()
    countries.close()
  }
}

function lines(report: CircuitsReport, { out }: CommandContext, columns: number): string[] {
  return circuitLines(report, {
    columns: out.terminal ? Math.min(columns, out.columns()) : columns,
    ink: out.ink.bind(out),
  })
}

async function live(look: () => Promise<CircuitsReport>, interval: number, cx: CommandContext): Promise<void> {
  const { out, stdin } = cx
  let report: CircuitsReport | null = null
  const content = (columns: number): { head: string; lines: string[] } | null => {
    if (report === null) return null
    const time = new Date(report.at).toTimeString().slice(0, 8)
    const head = `${out.ink('strong', 'torbox circuits')}  ${time}  ${out.ink('faint', 'arrows scroll  q quits')}`
    return { head, lines: lines(report, cx, columns) }
  }
  const screen = openScrollScreen({ stdin, signal: cx.signal, content })
  try {
    while (!screen.signal.aborted) {
      report = await look()
      screen.draw()
      await setTimeout(interval, undefined, { signal: screen.signal }).catch(() => undefined)
    }
  } finally {
    screen.close()
  }
}
