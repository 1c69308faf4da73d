/** `noc tormap diff`. */
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { type Cell, type Column, table } from '#core/tui/table.ts'
import { count } from '#core/units.ts'
import { type FileFlags, NO_FILE_FLAGS, openMap, previousMap, storedTime } from './cli-input.ts'
import { type ChangedRelay, type Difference, difference } from './difference.ts'
import { hourWire } from './stats.ts'
import type { RelayMap } from './types.ts'
import { CLASS_WORDS, headline, timeText } from './words.ts'

/** Relays that are shown of each kind of change when nobody asked for all. */
const SHOWN = 10

/** What `noc tormap diff` receives (index.ts). */
export interface DiffInput {
  readonly flags: FileFlags & { readonly all: boolean }
  readonly args: readonly string[]
}

/** `noc tormap diff [OLD] [NEW]`: exit 1 when there are new bad exits. */
export async function diff({ flags, args }: DiffInput, cx: CommandContext): Promise<number> {
  const [old, fresh] = args
  const now = systemClock.now()
  const isStored = (one: string | undefined): boolean => storedTime(one, now) !== null
  // Beside a file, an hour of the history does without the flags that are for the file.
  const isMixed = isStored(old) !== isStored(fresh)
  const open = async (consensus: string | undefined): Promise<RelayMap> =>
    (await openMap({ ...(isMixed && isStored(consensus) ? NO_FILE_FLAGS : flags), consensus }, cx)).map
  const after = await open(fresh)
  const before = old === undefined ? await previousMap(flags, cx) : await open(old)
  if (before === null) throw nothingBefore()
  const changes = difference(before, after)
  if (cx.json) cx.out.json({ ...changes, verified: { from: before.verification.state, to: after.verification.state } })
  else print(changes, [before, after], flags.all, cx)
  return changes.badExits.length > 0 ? exitCode.found : exitCode.ok
}

function nothingBefore(): NocError {
  return new NocError(
    'NOC_TORMAP_NO_PREVIOUS',
    'Only one consensus was fetched yet: there is none to compare it with.',
    {
      hint: 'Name a file: noc tormap diff OLD [NEW].',
    },
  )
}

type Row = readonly [relay: ChangedRelay, change: string]

function print(changes: Difference, maps: readonly RelayMap[], all: boolean, cx: CommandContext): void {
  const { out } = cx
  const { from, to, relays, badExits, appeared, gone, flags, families, versions } = changes
  for (const map of maps) if (map.verification.state !== 'good') out.note(headline(hourWire(map)))
  const delta = relays.after - relays.before
  const sign = delta > 0 ? '+' : ''
  out.line(
    out.ink(
      'strong',
      `${timeText(from)} to ${timeText(to)}: ${count(relays.before)} relays, then ${count(relays.after)} (${sign}${delta}).`,
    ),
  )
  const section = (title: string, rows: readonly Row[], ink: 'strong' | 'critical' = 'strong'): void =>
    printSection(title, rows, ink, all, cx)
  section(
    'New bad exits',
    badExits.map((relay) => [relay, '']),
    'critical',
  )
  section(
    'New',
    appeared.map((relay) => [relay, '']),
  )
  section(
    'Gone',
    gone.map((relay) => [relay, '']),
  )
  section(
    'Flags',
    flags.map(({ relay, gained, lost }) => [relay, signs(gained, lost)]),
  )
  section(
    'Versions',
    versions.map((one) => [one.relay, `${one.from ?? 'none'} to ${one.to ?? 'none'}`]),
  )
  if (families === null) out.note('Families are not compared: descriptors of one of the two are missing.')
  else
    section(
      'Families',
      families.map(({ relay, joined, left }) => [relay, signs(joined.map(short), left.map(short))]),
    )
}

function signs(gained: readonly string[], lost: readonly string[]): string {
  return [...gained.map((name) => `+${name}`), ...lost.map((name) => `-${name}`)].join(' ')
}

/** A fingerprint as far as one can tell relays apart by it. */
function short(fingerprint: string): string {
  return fingerprint.slice(0, 8)
}

function printSection(
  title: string,
  rows: readonly Row[],
  ink: 'strong' | 'critical',
  all: boolean,
  { out }: CommandContext,
): void {
  out.line()
  out.line(out.ink(rows.length === 0 ? 'faint' : ink, `${title}: ${count(rows.length)}`))
  if (rows.length === 0) return
  const shown = all ? rows : rows.toSorted(([a], [b]) => b.weight - a.weight).slice(0, SHOWN)
  const columns: readonly Column[] = [
    { title: 'NICKNAME', shrink: 12 },
    { title: 'FINGERPRINT', shrink: 10 },
    { title: 'ADDRESS' },
    { title: 'WHERE', drop: 2 },
    { title: 'CLASS', drop: 1 },
    { title: 'CHANGE', shrink: 16 },
  ]
  const cells = shown.map(([relay, change]): Cell[] => [
    relay.nickname,
    relay.fingerprint,
    relay.address,
    relay.country ?? '-',
    CLASS_WORDS[relay.original],
    change,
  ])
  const kept = rows.some(([, change]) => change !== '') ? columns : columns.slice(0, -1)
  const options = { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) }
  for (const line of table(kept, cells, options)) out.line(`  ${line}`)
  if (shown.length < rows.length)
    out.line(`  ${out.ink('faint', plain(`${count(rows.length - shown.length)} more: --all`))}`)
}
