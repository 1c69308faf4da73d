import { setTimeout } from 'node:timers/promises'
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { exitCode } from '#core/errors.ts'
import type { ConnectionsConfig } from './config.ts'
import { type Filter, parseKeys, parseRemote, parseState } from './filter.ts'
import { type Look, type LookRequest, type Looker, createLooker, snapshot } from './look.ts'
import { type Report, reportLines } from './report.ts'
import { NO_NAMES, type Names, reverseNames } from './resolve.ts'
import type { SourceName } from './wire.ts'

/** Milliseconds between the two looks of a one-shot run. */
const SECOND_LOOK_MS = 1000
/** Groups that are printed when nobody asked for all. */
const SHOWN = 20

/** Flags that say which connections are meant. */
export interface FilterFlags {
  readonly remote: string | undefined
  readonly process: string | undefined
  readonly state: string | undefined
  readonly port: number | undefined
}

/** Flags of `noc connections` (index.ts). */
export interface ShowFlags extends FilterFlags {
  readonly watch: boolean
  readonly interval: number | undefined
  readonly count: number | undefined
  readonly by: string | undefined
  readonly all: boolean
  readonly growth: boolean
  readonly resolve: boolean
  readonly source: SourceName | undefined
}

/** `noc connections`. */
export async function show({ flags }: { readonly flags: ShowFlags }, cx: CommandContext): Promise<number> {
  const config = await cx.config<ConnectionsConfig>()
  const request = { by: parseKeys(flags.by), filter: filterOf(flags), signal: cx.signal }
  const source = flags.source ?? config.source
  const looker = createLooker({ source, limits: config, clock: systemClock, since: () => null })
  const names = flags.resolve ? reverseNames() : NO_NAMES
  if (flags.watch || (flags.count ?? 1) > 1) {
    const { watch } = await import('./cli-watch.ts')
    return watch({ looker, request, names, flags, cx })
  }
  const look = await lookWell(looker, request, flags)
  for (const note of look.reading.notes) cx.out.note(note)
  if (cx.json) cx.out.json(await document(look, Infinity, names))
  else await print(look, flags.all ? Infinity : SHOWN, names, cx)
  return look.findings.length > 0 ? exitCode.found : exitCode.ok
}

/** What the flags mean by which connections. */
export function filterOf(flags: FilterFlags): Filter {
  return {
    remote: flags.remote === undefined ? null : parseRemote(flags.remote),
    process: flags.process ?? null,
    state: flags.state === undefined ? null : parseState(flags.state),
    port: flags.port ?? null,
  }
}

/** Looks a second time when that tells more, or when growth was asked for. */
async function lookWell(looker: Looker, request: LookRequest, flags: ShowFlags): Promise<Look> {
  const first = await looker.look(request)
  if (!flags.growth && !first.unsure) return first
  const pause = flags.interval === undefined ? SECOND_LOOK_MS : flags.interval * 1000
  await setTimeout(pause, undefined, request.signal ? { signal: request.signal } : {})
  return looker.look(request)
}

/** The look as a document, with names where they were asked for. */
export async function document(look: Look, limit: number, names: Names): Promise<Report['snapshot']> {
  await names.find(look.groups.slice(0, limit).flatMap((group) => group.host ?? []))
  return snapshot(look, limit, (ip) => names.nameOf(ip))
}

async function print(look: Look, limit: number, names: Names, { out }: CommandContext): Promise<void> {
  const report = { snapshot: await document(look, limit, names), groups: look.groups, findings: look.findings }
  const options = {
    terminal: out.terminal,
    columns: out.terminal ? out.columns() : Infinity,
    ink: out.ink.bind(out),
  }
  reportLines(report, options).forEach((text) => out.line(text))
}
