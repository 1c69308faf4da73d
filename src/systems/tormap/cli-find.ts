/** `noc tormap find`. */
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode } from '#core/errors.ts'
import { type Cell, type Column, table } from '#core/tui/table.ts'
import { bytes, count, text } from '#core/units.ts'
import { type InputFlags, openMap } from './cli-input.ts'
import { find as findRelays } from './find.ts'
import { hourWire } from './stats.ts'
import type { MapRelay, RelayMap } from './types.ts'
import { CLASS_WORDS, headline, shareText } from './words.ts'
import { relayWire } from './wire-map.ts'

/** Relays that are shown when nobody asked for all. */
const SHOWN = 25

const NOTHING = '-'

/** What `noc tormap find` receives (index.ts). */
export interface FindInput {
  readonly flags: InputFlags & { readonly all: boolean }
  readonly args: readonly string[]
}

/** `noc tormap find QUERY`: the heaviest first. */
export async function find({ flags, args }: FindInput, cx: CommandContext): Promise<number> {
  const { out } = cx
  const { map } = await openMap(flags, cx)
  const found = findRelays(map, args.join(' ')).toSorted((a, b) => b.entry.weight - a.entry.weight)
  const code = found.length > 0 ? exitCode.ok : exitCode.found
  if (cx.json) {
    const relays = found.map((relay) => relayWire(map, relay.entry.fingerprint))
    out.json({ validAfter: map.consensus.validAfter, verified: map.verification.state, found: found.length, relays })
    return code
  }
  if (map.verification.state !== 'good' || map.sample) out.note(headline(hourWire(map)))
  if (found.length === 0) out.line(`None of ${count(map.relays.length)} relays fits.`)
  else print(found, map, flags.all, cx)
  return code
}

function print(found: readonly MapRelay[], map: RelayMap, all: boolean, { out }: CommandContext): void {
  const total = map.relays.reduce((sum, { entry }) => sum + entry.weight, 0)
  const shown = all ? found : found.slice(0, SHOWN)
  const columns = [
    { title: 'NICKNAME', shrink: 12 },
    { title: 'FINGERPRINT' },
    { title: 'ADDRESS', shrink: 15 },
    { title: 'WHERE' },
    { title: 'AS', drop: 3 },
    { title: 'CLASS', drop: 2 },
    { title: 'WEIGHT', align: 'right' },
    { title: 'OBSERVED', align: 'right', drop: 4 },
    { title: 'VERSION', drop: 5 },
    { title: 'CONTACT', shrink: 16, drop: 6 },
  ] as const
  const options = { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) }
  const rows = shown.map((relay) => row(relay, total))
  // Without descriptors or a database of networks, some would be dashes only.
  const isTold = columns.map((_, index) => rows.some((cells) => cells[index] !== NOTHING))
  const told = <T>(cells: readonly T[]): readonly T[] => cells.filter((_, index) => isTold[index])
  for (const line of table(told<Column>(columns), rows.map(told), options)) out.line(line)
  const weight = found.reduce((sum, { entry }) => sum + entry.weight, 0)
  out.line()
  out.line(
    `${count(found.length)} of ${count(map.relays.length)} relays, ${total === 0 ? '0 %' : shareText(weight / total)} of the weight.`,
  )
  if (shown.length < found.length) out.line(out.ink('faint', `${count(found.length - shown.length)} more: --all`))
}

function row({ entry, place, as, original, observed, descriptor }: MapRelay, total: number): Cell[] {
  const name = CLASS_WORDS[original]
  return [
    entry.nickname,
    entry.fingerprint,
    `${entry.address}:${entry.orPort}`,
    place.country ?? NOTHING,
    as === null ? NOTHING : `AS${as.number}`,
    original === 'badExit' ? { text: name, ink: 'critical' } : name,
    total === 0 ? NOTHING : shareText(entry.weight / total),
    observed === null ? NOTHING : `${text(bytes(observed))}/s`,
    entry.version?.replace(/^Tor /, '') ?? NOTHING,
    descriptor?.contact ?? NOTHING,
  ]
}
