/** `noc tormap build`. */
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { bytes, count, text } from '#core/units.ts'
import { hourAt, hoursUntil, mapsAt } from './cli-hour.ts'
import { type InputFlags, fileFlags, openMap, storedTime } from './cli-input.ts'
import { replaceFolder } from './output/folder.ts'
import { pageFiles, pageFolder } from './output/page-folder.ts'
import { stamp, verifiedSentence } from './output/sentences.ts'
import { type SiteFile, siteFiles } from './output/site.ts'
import type { RelayMap } from './types.ts'
import { timeText } from './words.ts'

/** Where the site goes when nobody says. */
const DEFAULT_FOLDER = 'tormap'
/** How long it is quiet between two words about how far it is, ms. */
const QUIET_MS = 3000

/** Flags of `noc tormap build` (index.ts). */
export interface BuildFlags extends InputFlags {
  readonly hours: number | undefined
  readonly out: string | undefined
  readonly force: boolean
}

/** Writes the static site with the map in every format. */
export async function build({ flags }: { readonly flags: BuildFlags }, cx: CommandContext): Promise<number> {
  const { out } = cx
  const shown = await shownHours(flags, cx)
  const { map, earlier } = shown
  const {
    folder,
    files,
    bytes: size,
  } = await replaceFolder(flags.out ?? DEFAULT_FOLDER, filesOf(shown, pageFolder(), cx), {
    force: flags.force,
    workingDirectory: process.cwd(),
  })
  const { validAfter } = map.consensus
  const hours = earlier.length + 1
  if (cx.json) {
    const { state, good, needed, authorities } = map.verification
    const verified = { state, good, needed, authorities }
    out.json({ folder, files, bytes: size, hours, relays: map.relays.length, validAfter, sample: map.sample, verified })
    return exitCode.ok
  }
  const others = hours === 1 ? '' : ` and ${hours === 2 ? 'one hour' : `${count(earlier.length)} hours`} before it`
  const relays = `${count(map.relays.length)} relays of ${timeText(validAfter)}${others}`
  out.line(out.ink('strong', `${folder} shows ${relays}: ${count(files)} files, ${text(bytes(size))}.`))
  out.line(out.ink(stamp(map) === null ? 'ok' : 'warning', verifiedSentence(map)))
  out.line(`Open ${plain(pathToFileURL(join(folder, 'index.html')).href)}, or put the folder on any web server.`)
  return exitCode.ok
}

/** What the site shows: the map of one hour, and stored hours before it, oldest first. */
interface Shown {
  readonly map: RelayMap
  readonly earlier: readonly number[]
}

async function shownHours(flags: BuildFlags, cx: CommandContext): Promise<Shown> {
  const { consensus, hours = 1 } = flags
  const now = systemClock.now()
  const isFile = consensus !== undefined && storedTime(consensus, now) === null
  if (isFile && flags.hours !== undefined) throw noHistory(`${consensus} is none of them`)
  const [given] = fileFlags(flags)
  if (hours > 1 && given !== undefined) throw noHistory(`${given} is for files`)
  const { map } = await openMap(flags, cx)
  if (hours === 1) return { map, earlier: [] }
  const data = await cx.dataDirectory()
  const { validAfter } = map.consensus
  const stored = await hoursUntil(data, validAfter, hours, now)
  const isStored = stored.at(-1) === validAfter
  const earlier = isStored ? stored.slice(0, -1) : stored.slice(1 - hours)
  if (earlier.length < hours - 1) {
    const has = earlier.length === 0 ? 'no hour' : `only ${count(earlier.length)} of ${count(hours - 1)} hours`
    cx.out.note(`The history has ${has} before ${timeText(validAfter)}; the daemon (\`noc up\`) keeps one every hour.`)
  }
  // What was fetched last is taken as it was kept, where it was: then relays are at the same places as in the others, and
  // it is known which of them are new.
  return { map: isStored && consensus === undefined ? await hourAt(data, validAfter, now) : map, earlier }
}

function noHistory(why: string): NocError {
  return new NocError('NOC_TORMAP_HOURS', `--hours shows hours as the daemon's history has them, but ${why}.`, {
    exit: exitCode.usage,
    hint: 'For example: noc tormap build --hours 24, perhaps with --consensus 2026-11-22T06:00Z.',
  })
}

/** The newest map, then the others; in between signals are heard, and a terminal is told how far it is. */
async function* mapsOf({ map, earlier }: Shown, cx: CommandContext): AsyncGenerator<RelayMap> {
  yield map
  const { out } = cx
  let done = 1
  let told = systemClock.monotonic()
  for await (const one of mapsAt(await cx.dataDirectory(), earlier, systemClock.now())) {
    yield one
    done += 1
    await setImmediate()
    if (cx.json || !out.terminal || systemClock.monotonic() - told < QUIET_MS) continue
    told = systemClock.monotonic()
    out.note(`${count(done)} of ${count(earlier.length + 1)} hours ...`)
  }
}

async function* filesOf(shown: Shown, page: string, cx: CommandContext): AsyncGenerator<SiteFile> {
  yield* pageFiles(page)
  for await (const file of siteFiles(mapsOf(shown, cx))) {
    cx.signal.throwIfAborted()
    yield file
  }
}
