/** `noc tormap` and `noc tormap stats`. */
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import type { Ink } from '#core/cli/output.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { table } from '#core/tui/table.ts'
import { wrap } from '#core/tui/text.ts'
import { count } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { daemonHour } from './cli-daemon.ts'
import { type InputFlags, NOTHING_FETCHED, fileFlags, inputOf, openMap, previousMap } from './cli-input.ts'
import type { TormapConfig } from './config.ts'
import { trustedBy } from './fetch/sources.ts'
import { findings } from './findings.ts'
import { geoSentence } from './output/sentences.ts'
import { UNKNOWN, classCount, fastUnknown } from './map/fast.ts'
import { authorityLines } from './read.ts'
import { hourWire, statsOfHour } from './stats.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES, type RelayMap } from './types.ts'
import type { HourWire } from './wire.ts'
import { CLASS_WORDS, countryRows, headline, shareText, verifiedText } from './words.ts'

/** Countries that are shown when nobody asked for all. */
const COUNTRIES_SHOWN = 10

/** Wider text is hard to read, columns. */
const WIDEST = 100

/** `noc tormap`: the answer, what is wrong, and who makes up the network. */
export async function show(
  { flags }: { readonly flags: InputFlags & { readonly all: boolean } },
  cx: CommandContext,
): Promise<number> {
  const { out } = cx
  const { map } = await openMap(flags, cx)
  const hour = hourWire(map)
  const verdicts = await judge(map, flags, cx)
  const code = verdicts.length > 0 || map.verification.state !== 'good' ? exitCode.found : exitCode.ok
  if (cx.json) {
    out.json({ hour, findings: verdicts, countries: countryRows(map) })
    return code
  }
  printHead(hour, cx)
  for (const verdict of verdicts) printVerdict(verdict, cx)
  out.line()
  printClasses(hour, cx)
  out.line()
  printCountries(map, flags.all ? Infinity : COUNTRIES_SHOWN, cx)
  out.line()
  say(geoSentence(map), cx)
  return code
}

/** `noc tormap stats`: of files, else of what was fetched last, else of what the daemon shows. */
export async function stats({ flags }: { readonly flags: InputFlags }, cx: CommandContext): Promise<number> {
  const hour = await hourOf(flags, cx)
  if (cx.json) {
    cx.out.json(statsOfHour(hour))
    return exitCode.ok
  }
  printHead(hour, cx)
  cx.out.line()
  printClasses(hour, cx)
  return exitCode.ok
}

async function hourOf(flags: InputFlags, cx: CommandContext): Promise<HourWire> {
  try {
    return hourWire((await openMap(flags, cx)).map)
  } catch (error) {
    if (!(error instanceof NocError) || error.code !== NOTHING_FETCHED) throw error
    const shown = await daemonHour(await cx.dataDirectory())
    if (shown === null) throw error
    const given = fileFlags(flags)
    if (given.length > 0) cx.out.note(`${given.join(', ')}: for files only; this is what the daemon shows.`)
    return shown
  }
}

/** Times are judged only of what was fetched: a file of last year is not stale, it is last year's. */
async function judge(map: RelayMap, flags: InputFlags, cx: CommandContext): Promise<readonly Verdict[]> {
  const config = await cx.config<TormapConfig>()
  // Nobody votes for Onionoo's JSON.
  if (map.consensus.voters.length === 0) return []
  const lines = await authorityLines((await inputOf(flags, cx)).authorities ?? [])
  const trusted = trustedBy(lines, map.consensus.validAfter)
  if (flags.consensus !== undefined) return findings(map, null, config, { trusted })
  return findings(map, await previousMap(flags, cx), config, { at: systemClock.now(), trusted })
}

/** A paragraph, broken between words. */
function say(
  paragraph: string,
  { out }: CommandContext,
  { indent = '', ink }: { indent?: string; ink?: Ink } = {},
): void {
  const columns = Math.min(out.columns(), WIDEST) - indent.length
  for (const line of wrap(plain(paragraph), columns)) out.line(indent + (ink === undefined ? line : out.ink(ink, line)))
}

function printHead(hour: HourWire, cx: CommandContext): void {
  const ink = hour.verified.state === 'good' && !hour.sample ? 'ok' : 'warning'
  cx.out.line(cx.out.ink(ink, headline(hour)))
  say(verifiedText(hour.verified), cx)
}

function printVerdict({ severity, summary, evidence, fix, commands }: Verdict, cx: CommandContext): void {
  const { out } = cx
  out.line()
  out.line(out.ink(severity, summary))
  say(evidence, cx, { indent: '  ' })
  say(fix, cx, { indent: '  ' })
  for (const line of commands) out.line(`  ${out.ink('accent', line)}`)
}

function printClasses(hour: HourWire, cx: CommandContext): void {
  const { out } = cx
  const { relays, classes, placed } = hour
  const row = (name: string, number: number): string[] => [
    name,
    count(number),
    relays === 0 ? '' : shareText(number / relays),
  ]
  const columns = [{ title: 'CLASS' }, { title: 'RELAYS', align: 'right' }, { title: 'SHARE', align: 'right' }] as const
  const options = { columns: Infinity, ink: out.ink.bind(out) }
  const original = ORIGINAL_CLASSES.map((name) => {
    const number = classCount(hour, name)
    return number === UNKNOWN ? [CLASS_WORDS[name], number, ''] : row(CLASS_WORDS[name], classes.original[name])
  })
  const lines = table(columns, [...original, row('all', relays)], options)
  const also = MODERN_CLASSES.map((name) => row(CLASS_WORDS[name], classes.modern[name]))
  const places = [
    row('city known', placed.city),
    row('only country known', placed.country),
    row('unplaced', placed.unplaced),
  ]
  for (const line of lines) out.line(line)
  const note = fastUnknown(hour)
  if (note !== null) say(note, cx, { ink: 'faint' })
  out.line()
  for (const line of table([{ title: 'ALSO' }, columns[1], columns[2]], also, options)) out.line(line)
  out.line()
  for (const line of table([{ title: 'PLACE' }, columns[1], columns[2]], places, options)) out.line(line)
}

function printCountries(map: RelayMap, most: number, { out }: CommandContext): void {
  const rows = countryRows(map)
  const shown = rows.slice(0, most)
  const columns = [
    { title: 'COUNTRY', shrink: 20 },
    { title: 'RELAYS', align: 'right' },
    { title: 'EXITS', align: 'right' },
    { title: 'WEIGHT', align: 'right' },
  ] as const
  const cells = shown.map(({ name, relays, exits, weight }) => [name, count(relays), count(exits), shareText(weight)])
  const options = { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) }
  for (const line of table(columns, cells, options)) out.line(line)
  if (rows.length > shown.length) out.line(out.ink('faint', `${rows.length - shown.length} more countries: --all`))
}
