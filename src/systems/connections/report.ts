/** What `noc connections` prints: the answer, the findings, the groups. Pure. */
import type { Ink } from '#core/cli/output.ts'
import { type Cell, type Column, type TableOptions, table } from '#core/tui/table.ts'
import { plain } from '#core/plain.ts'
import { width } from '#core/tui/text.ts'
import { bytes, count, text } from '#core/units.ts'
import type { Severity } from '#core/verdict.ts'
import type { Group } from './groups.ts'
import { endpoint } from './socket.ts'
import type { Finding } from './verdicts.ts'
import { answer } from './view.ts'
import type { ConnectionGroup, ConnectionsSnapshot } from './wire.ts'
import { growthText, timeText } from './words.ts'

/** What is printed. `groups` are the snapshot's, before they became documents. */
export interface Report {
  readonly snapshot: ConnectionsSnapshot
  readonly groups: readonly Group[]
  readonly findings: readonly Finding[]
}

/** Where it is printed: lines are wrapped to `columns` when it is a terminal. */
export interface ReportOptions extends TableOptions {
  readonly terminal: boolean
}

const INDENT = '  '

/** The findings, or one sentence that all is well. */
export function findingLines({ snapshot, groups, findings }: Report, options: ReportOptions): string[] {
  if (findings.length === 0) {
    const { sentence, paragraph } = answer(snapshot, groups, findings)
    return wrap(`${options.ink('ok', sentence)} ${plain(paragraph)}`, '', options)
  }
  return findings.flatMap(({ verdict }, index) => [
    ...(index === 0 ? [] : ['']),
    ...wrap(
      `${options.ink(verdict.severity, verdict.severity.toUpperCase())} ${options.ink('strong', verdict.summary)}`,
      '',
      options,
    ),
    ...wrap(plain(verdict.evidence), INDENT, options),
    ...wrap(plain(verdict.fix), INDENT, options),
    ...verdict.commands.map((line) => `${INDENT}${options.ink('accent', `$ ${line}`)}`),
  ])
}

/** Breaks a line at spaces when it is for a terminal; elsewhere it stays one line, so that grep finds it whole. */
function wrap(line: string, indent: string, options: ReportOptions): string[] {
  if (!options.terminal) return [indent + line]
  const lines: string[] = []
  let current = indent
  for (const word of line.split(' ')) {
    const next = current === indent ? current + word : `${current} ${word}`
    if (width(next) > options.columns && current !== indent) {
      lines.push(current)
      current = INDENT + word
    } else current = next
  }
  return [...lines, current]
}

const COLUMNS: readonly Column[] = [
  { title: 'COUNT', align: 'right', minimum: 5 },
  { title: 'STATE', minimum: 11 },
  { title: 'PROCESS', shrink: 8 },
  { title: 'REMOTE', shrink: 40 },
  { title: 'NAME', shrink: 12, drop: 4 },
  { title: 'IDLE', align: 'right', minimum: 6 },
  { title: 'LONGEST', align: 'right', drop: 5 },
  { title: 'AGE', align: 'right', drop: 6 },
  { title: 'KEEPALIVE', drop: 8 },
  { title: 'GROWTH', align: 'right', drop: 3 },
  { title: 'RECEIVED', align: 'right', drop: 2 },
  { title: 'SENT', align: 'right', drop: 7 },
  { title: 'QUEUED', align: 'right', drop: 9 },
  { title: 'UNIT', shrink: 10, drop: 10 },
  { title: 'USER', shrink: 8, drop: 11 },
]

/** The groups as a table; columns nobody could fill are left out. */
export function groupLines({ snapshot, groups, findings }: Report, options: ReportOptions): string[] {
  if (snapshot.groups.length === 0) return []
  const severity = severities(groups, findings)
  const rows = snapshot.groups.map((group, index) => cells(group, severity.get(groups[index])))
  const used = COLUMNS.map((column, index) => ({ column, index })).filter(
    ({ column, index }) => column.drop === undefined || rows.some((row) => row[index] !== ''),
  )
  return table(
    used.map(({ column }) => column),
    rows.map((row) => used.map(({ index }) => row[index] ?? '')),
    options,
  )
}

function severities(groups: readonly Group[], findings: readonly Finding[]): Map<Group | undefined, Severity> {
  const stuck = new Map(findings.toReversed().flatMap((f) => f.stuck.map((socket) => [socket, f.verdict.severity])))
  const found = new Map<Group | undefined, Severity>()
  if (stuck.size === 0) return found
  for (const group of groups) {
    const worst = group.members.map((socket) => stuck.get(socket)).find((severity) => severity !== undefined)
    if (worst !== undefined) found.set(group, worst)
  }
  return found
}

const size = (value: number | null): string => (value === null ? '' : text(bytes(value)))
const time = (value: number | null): string => (value === null ? '' : timeText(value))

function cells(group: ConnectionGroup, severity: Ink | undefined): Cell[] {
  const total = count(group.count)
  const { growthPerMinute: growth, keepAlive } = group
  return [
    severity === undefined ? total : { text: total, ink: severity },
    group.protocol === 'udp' ? 'UDP' : group.state,
    group.process ?? '-',
    remoteText(group),
    group.remote.name ?? '',
    time(group.idleMedianMs),
    time(group.idleMaxMs),
    time(group.ageMaxMs),
    keepAlive === null ? '' : keepAlive ? 'yes' : 'no',
    growth === null || Math.abs(growth) < 0.05 ? '' : growthText(growth),
    size(group.bytesReceived),
    size(group.bytesSent),
    group.receiveQueue + group.sendQueue === 0 ? '' : size(group.receiveQueue + group.sendQueue),
    group.unit ?? '',
    group.user ?? '',
  ]
}

function remoteText({ direction, remote, localPort }: ConnectionGroup): string {
  if (direction === 'out') return `-> ${endpoint(remote.ip, remote.port)}`
  return `<- ${remote.ip}${localPort === null ? '' : ` to port ${localPort}`}`
}

/** All of it. */
export function reportLines(report: Report, options: ReportOptions): string[] {
  const groups = groupLines(report, options)
  const foot = options.ink('faint', footLine(report))
  return [...findingLines(report, options), '', ...groups, ...(groups.length === 0 ? [] : ['']), foot]
}

/** One line: how much was read from where, what is not shown and what is not known. */
export function footLine({ snapshot }: Report): string {
  const { sockets, source, hiddenGroups, unknown } = snapshot
  const from = { netlink: 'netlink', ss: 'ss', proc: '/proc/net' }[source]
  const parts = [`${count(sockets)} sockets from ${from}`]
  if (hiddenGroups > 0) parts.push(`${count(hiddenGroups)} smaller groups not shown (--all)`)
  if (unknown.length > 0) parts.push(`not known: ${unknown.join(', ')}`)
  return plain(parts.join('; '))
}
