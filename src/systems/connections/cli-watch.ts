import { setTimeout } from 'node:timers/promises'
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode } from '#core/errors.ts'
import { openScreen } from '#core/tui/screen.ts'
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
  const quit = new AbortController()
  const signal = AbortSignal.any([cx.signal, quit.signal])
  let report: Report | undefined
  let frozen = false
  let scroll = 0
  const draw = (): void => {
    if (report === undefined) return
    const all = lines(report, screen.columns, cx)
    const room = Math.max(1, screen.rows - 2)
    scroll = Math.max(0, Math.min(scroll, all.length - room))
    screen.draw([head(report, frozen, options, cx), '', ...all.slice(scroll, scroll + room)])
  }
  const keys: Readonly<Record<string, () => void>> = {
    q: () => quit.abort(),
    'ctrl-c': () => quit.abort(),
    escape: () => quit.abort(),
    space: () => (frozen = !frozen),
    up: () => (scroll -= 1),
    down: () => (scroll += 1),
    pageup: () => (scroll -= screen.rows - 2),
    pagedown: () => (scroll += screen.rows - 2),
    home: () => (scroll = 0),
    end: () => (scroll = SCREEN_GROUPS * 2),
  }
  const screen = openScreen({
    stdin: cx.stdin,
    output: { stdout: process.stdout },
    signal,
    onKey: (key) => {
      keys[key]?.()
      draw()
    },
    onResize: draw,
  })
  try {
    for await (const look of looks(options, signal)) {
      if (frozen) continue
      report = await reportOf(look, SCREEN_GROUPS, options.names)
      draw()
    }
  } catch (error) {
    if (!signal.aborted) throw error
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
