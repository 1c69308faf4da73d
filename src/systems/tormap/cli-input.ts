/** What the commands that show a map have in common: where it comes from. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode } from '#core/errors.ts'
import type { TormapConfig } from './config.ts'
import { FILES, fetchFolder, held } from './fetch/folder.ts'
import { type MapInput, type Mapped, readMap } from './read.ts'
import type { RelayMap } from './types.ts'
import { timeText } from './words.ts'

/**
 * How much of a function has to run before V8 compiles it anew with all optimizations, bytes of bytecode; nine times its
 * default. In a process that lives for half a second most of that work comes too late: without it everything takes a
 * quarter less time of the processor.
 */
const PATIENCE = '--interrupt-budget=1200000'

/** The flags of every command that shows a map (index.ts). */
export interface InputFlags {
  readonly consensus: string | undefined
  readonly certs: string | undefined
  readonly microdescs: readonly string[]
  readonly descriptors: readonly string[]
  readonly authorities: readonly string[]
  readonly geo: string | undefined
  readonly asn: string | undefined
  readonly at: string | undefined
}

/** The map that the flags mean: of files, of an hour of the history, or of what was fetched last; remarks go to stderr. */
export async function openMap(flags: InputFlags, cx: CommandContext): Promise<Mapped> {
  const now = systemClock.now()
  const hour = storedTime(flags.consensus, now)
  if (hour !== null) {
    const [given] = fileFlags(flags)
    if (given !== undefined) throw onlyForFiles(given, hour)
    const { hourAt } = await import('./cli-hour.ts')
    return { map: await hourAt(await cx.dataDirectory(), hour, now), notes: [] }
  }
  setFlagsFromString(PATIENCE)
  const input = await inputOf(flags, cx)
  const mapped = await readMap(input)
  for (const note of mapped.notes) cx.out.note(note)
  return mapped
}

/** The time that `--consensus` means when it names an hour of the history; null: a file, or what was fetched last. */
export function storedTime(consensus: string | undefined, now: number): number | null {
  return consensus === undefined || existsSync(consensus) ? null : timeOf(consensus, now)
}

/** The flags that say how files are read. */
export type FileFlags = Omit<InputFlags, 'consensus'>

/** None of them given. */
export const NO_FILE_FLAGS: FileFlags = {
  certs: undefined,
  microdescs: [],
  descriptors: [],
  authorities: [],
  geo: undefined,
  asn: undefined,
  at: undefined,
}

/** Those that were given, as one types them. */
export function fileFlags(flags: FileFlags): readonly string[] {
  const names = Object.keys(NO_FILE_FLAGS) as readonly (keyof FileFlags)[]
  return names.filter((name) => (flags[name]?.length ?? 0) > 0).map((name) => `--${name}`)
}

function onlyForFiles(flag: string, hour: number): NocError {
  const what = `the hour of ${timeText(hour)} comes from the history as it was verified and placed then`
  return new NocError('NOC_TORMAP_FILE_FLAG', `${flag} is for files only: ${what}.`, {
    exit: exitCode.usage,
    hint: 'Leave it out, or name a file instead of a time.',
  })
}

/** The map of the consensus that was fetched before the last one, without descriptors; null when there is none. */
export async function previousMap(flags: FileFlags, cx: CommandContext): Promise<RelayMap | null> {
  const folder = fetchFolder(await cx.dataDirectory())
  const [newest] = await held(folder)
  if (newest === undefined || newest.flavour === 'onionoo') return null
  const consensus = join(folder, FILES.previous[newest.flavour])
  if (!existsSync(consensus)) return null
  return (await readMap(await inputOf({ ...flags, consensus }, cx))).map
}

/** What `readMap` is to read for these flags; what they don't say comes from the configuration. */
export async function inputOf(flags: InputFlags, cx: CommandContext): Promise<MapInput> {
  const config = await cx.config<TormapConfig>()
  const data = await cx.dataDirectory()
  const geo = flags.geo ?? config.geo
  const asn = flags.asn ?? config.asn
  const now = systemClock.now()
  return {
    consensus: flags.consensus ?? (await lastFetched(data)),
    ...(flags.certs === undefined ? {} : { certs: flags.certs }),
    microdescs: flags.microdescs,
    descriptors: flags.descriptors,
    authorities: flags.authorities.length > 0 ? flags.authorities : config.authorities,
    ...(geo === '' ? {} : { geo }),
    ...(asn === '' ? {} : { asn }),
    ...(flags.at === undefined ? {} : { at: parseTime(flags.at, now) }),
    now,
    cacheFolder: join(data, 'tormap'),
  }
}

/** The folder of what was fetched last; an error that says how to get something when nothing was. */
export async function lastFetched(dataDirectory: string): Promise<string> {
  const folder = fetchFolder(dataDirectory)
  if ((await held(folder)).length > 0) return folder
  throw new NocError(NOTHING_FETCHED, 'No consensus was fetched yet.', {
    hint: '`noc tormap fetch --dry-run` says who would be asked for one; --consensus FILE reads one that is here.',
  })
}

/** The code of that error. */
export const NOTHING_FETCHED = 'NOC_TORMAP_NOTHING_FETCHED'

/** `now`, or a time of ISO 8601, UTC where it names no zone; ms since 1970. */
export function parseTime(text: string, now: number): number {
  const at = timeOf(text, now)
  if (at !== null) return at
  throw new NocError('NOC_TORMAP_TIME', `"${text}" is no time.`, {
    exit: exitCode.usage,
    hint: 'For example 2022-11-19T10:30Z, 2022-11-19 or now.',
  })
}

function timeOf(text: string, now: number): number | null {
  if (text === 'now') return now
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const at = Date.parse(`${day}T${time ?? '00:00'}${zone ?? 'Z'}`)
  return Number.isNaN(at) ? null : at
}
