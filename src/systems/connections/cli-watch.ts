import { setTimeout } from 'node:timers/promises'
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode } from '#core/errors.ts'
import { openScrollScreen } from '#core/tui/scroll-screen.ts'
import { ascii } from '#core/tui/text.ts'
import { type ShowFlags, document } from './cli.ts'
import type { Look, LookRequest, Looker } from './look.ts'
import { type Report, reportLines } from './report.ts'
import type { Names } from './resolve.ts'

/** Seconds between two looks when nobody said otherwise. */
const INTERVAL_S = 2

/** What the loop works with. */
export interface WatchOptions {
  readonly looker: Looker
  readonly request: LookRequest
  readonly names: Names
  readonly flags: ShowFlags
  readonly cx: CommandContext
}

/** Looks again and again: a live screen in a terminal, else one document or one report after the other. */
export async function watch(options: WatchOptions): Promise<number> {
  const { cx, flags } = options
  if (cx.out.terminal && !cx.json && flags.watch) return live(options)
  for await (const look of looks(options, cx.signal)) {
    if (cx.json) cx.out.json(await document(look, Infinity, options.names))
    else {
      const report = await reportOf(look, flags.all ? Infinity : PLAIN_GROUPS, options.names)
      for (const line of lines(report, Infinity, cx)) cx.out.line(line)
      cx.out.line()
    }
  }
  return exitCode.ok
}

/** Groups of each report in a pipe. */
const PLAIN_GROUPS = 20
/** Groups that a screen can be scrolled through. */
const SCREEN_GROUPS = 500

async function* looks({ looker, request, flags }: WatchOptions, signal: AbortSignal): AsyncGenerator<Look> {
  const interval = (flags.interval ?? INTERVAL_S) * 1000
  for (let done = 0; done < (flags.count ?? Infinity) && !signal.aborted; done++) {
    const began = performance.now()
    yield await looker.look({ ...request, signal })
    if (done + 1 === flags.count) return
    await setTimeout(Math.max(0, interval - (performance.now() - began)), undefined, { signal }).catch(() => undefined)
  }
}

async function reportOf(look: Look, limit: number, names: Names): Promise<Report> {
  return { snapshot: await document(look, limit, names), groups: look.groups, findings: look.findings }
}

function lines(report: Report, columns: number, { out }: CommandContext): string[] {
  const options = { terminal: Number.isFinite(columns), columns, ink: out.ink.bind(out) }
  const lines = reportLines(report, options)
  return out.unicode ? lines : lines.map(ascii)
}

async function live(options: WatchOptions): Promise<number> {
  const { cx } = options
  let report: Report | undefined
  let frozen = false
  const screen = openScrollScreen({
    stdin: cx.stdin,
    signal: cx.signal,
    content: (columns) =>
      report === undefined ? null : { head: head(report, frozen, options, cx), lines: lines(report, columns, cx) },
    keys: { space: () => (frozen = !frozen) },
  })
  try {
    for await (const look of looks(options, screen.signal)) {
      if (frozen) continue
      report = await reportOf(look, SCREEN_GROUPS, options.names)
      screen.draw()
    }
  } catch (error) {
    if (!screen.signal.aborted) throw error
  } finally {
    screen.close()
  }
  return exitCode.ok
}

function head(report: Report, frozen: boolean, { flags }: WatchOptions, { out }: CommandContext): string {
  const time = new Date(report.snapshot.at).toTimeString().slice(0, 8)
  const pace = frozen ? out.ink('warning', 'frozen') : `every ${flags.interval ?? INTERVAL_S} s`
  const keys = `space ${frozen ? 'goes on' : 'freezes'}  arrows scroll  q quits`
  return `${out.ink('strong', 'connections')}  ${time}  ${pace}  ${out.ink('faint', keys)}`
}
