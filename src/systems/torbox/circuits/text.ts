/** What `noc torbox circuits` prints. Pure. */
import type { Ink } from '#core/cli/output.ts'
import { type Cell, type TableOptions, table } from '#core/tui/table.ts'
import { plain } from '#core/plain.ts'
import { bytes, count, duration, text } from '#core/units.ts'
import type { BoxView, Circuit, CircuitsReport, Relay } from '../wire.ts'
import { attemptText, torSentence } from '../words.ts'

/** Attempts that are printed. */
const DROPPED_SHOWN = 15

/** Tor, then each box with its circuits and streams, then what was dropped. */
export function circuitLines(report: CircuitsReport, options: TableOptions): string[] {
  const { tor, boxes } = report
  const ink: Ink = tor.state === 'ready' ? 'ok' : tor.state === 'starting' ? 'warning' : 'critical'
  return [
    options.ink(ink, torSentence(tor)),
    ...(boxes.length === 0 ? ['', 'No box runs.'] : boxes.flatMap((box) => ['', ...boxLines(box, report.at, options)])),
    ...unassignedLines(report, options),
    ...droppedLines(report, options),
  ]
}

function unassignedLines({ unassigned }: CircuitsReport, options: TableOptions): string[] {
  if (unassigned.length === 0) return []
  const targets = unassigned.map((stream) => `  ${plain(stream.target)}`)
  return [
    '',
    options.ink('faint', 'Of some box, from before tor was listened to (the daemon, `noc up`, always listens):'),
    ...targets,
  ]
}

function boxLines(box: BoxView, now: number, options: TableOptions): string[] {
  const where = box.kind === 'root' ? (box.address ?? 'behind the bridge') : 'a box without a network'
  const traffic = box.bytesReceived === null ? '' : `, ${size(box.bytesReceived)} in, ${size(box.bytesSent)} out`
  const about = `${where}, as ${box.user ?? 'unknown'}, for ${text(duration(Math.max(0, now - box.since)))}${traffic}`
  const head = `${options.ink('strong', box.name)}  ${plain(box.command)}  ${options.ink('faint', about)}`
  const used = new Set(box.streams.map((stream) => stream.circuit))
  const circuits = box.circuits.filter((circuit) => used.has(circuit.id))
  const idle = box.circuits.length - circuits.length
  const named = box.streams.some(({ address }) => address !== null)
  const rows = box.streams.map((stream): Cell[] => [
    stream.target,
    ...(named ? [stream.address ?? ''] : []),
    stream.circuit === null ? '' : stream.circuit,
    stream.status.toLowerCase(),
    stream.bytesReceived === null ? '' : size(stream.bytesReceived),
    stream.bytesSent === null ? '' : size(stream.bytesSent),
  ])
  const columns = [
    { title: 'TO', shrink: 20 },
    ...(named ? ([{ title: 'ADDRESS', drop: 2 }] as const) : []),
    { title: 'CIRCUIT', align: 'right' },
    { title: 'STATE', drop: 1 },
    { title: 'IN', align: 'right', minimum: 8 },
    { title: 'OUT', align: 'right', minimum: 8 },
  ] as const
  return [
    head,
    ...circuits.map((circuit) => `  ${circuitText(circuit, options)}`),
    ...(idle > 0 ? [options.ink('faint', `  ${idle} more, without a connection now`)] : []),
    ...(rows.length === 0
      ? [options.ink('faint', '  no connection open')]
      : table(columns, rows, { ...options, columns: options.columns - 2 }).map((line) => `  ${line}`)),
  ]
}

/** `circuit 31: guardian DE -> middle FR -> exit SE` */
function circuitText({ id, relays }: Circuit, options: TableOptions): string {
  const names = relays.map((relay) => `${relayName(relay)} ${options.ink('accent', relay.country ?? '??')}`)
  return `${options.ink('faint', `circuit ${id}`)} ${names.join(' -> ') || 'not built yet'}`
}

function relayName({ nickname, fingerprint }: Relay): string {
  return plain(nickname ?? fingerprint.slice(0, 8))
}

function size(value: number | null): string {
  return value === null ? '' : text(bytes(value))
}

function droppedLines({ dropped, reasons, unread }: CircuitsReport, options: TableOptions): string[] {
  if (unread !== null) return ['', options.ink('faint', plain(unread))]
  if (dropped.length === 0 && reasons.length === 0) return ['', options.ink('ok', 'Nothing was dropped.')]
  const columns = [
    { title: 'DROPPED', align: 'right' },
    { title: 'BOX', shrink: 8 },
    { title: 'WANTED', shrink: 20 },
  ] as const
  const rows = dropped
    .slice(0, DROPPED_SHOWN)
    .map((one): Cell[] => [count(one.packets), one.box ?? one.source ?? '', attemptText(one)])
  const more = dropped.length - rows.length
  return [
    '',
    ...(rows.length === 0 ? [] : table(columns, rows, options)),
    ...(more > 0 ? [options.ink('faint', `and ${count(more)} more`)] : []),
    ...reasons.map(({ what, packets }) => options.ink('faint', `${count(packets)} dropped in all: ${what}`)),
  ]
}
