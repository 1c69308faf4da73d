import type { Answer } from '#core/http/documents.ts'
import { count } from '#core/units.ts'
import type { Finding } from './verdicts.ts'
import { pathText } from './words.ts'
import type { Group } from './groups.ts'
import type { ConnectionsSnapshot, ConnectionsView } from './wire.ts'

/** How many connections are stuck, each counted once. */
export function countStuck(findings: readonly Finding[]): number {
  return new Set(findings.flatMap((finding) => finding.stuck)).size
}

/** What the page of the console shows. */
export function connectionsView(
  snapshot: ConnectionsSnapshot,
  groups: readonly Group[],
  findings: readonly Finding[],
): ConnectionsView {
  return { ...snapshot, answer: answer(snapshot, groups, findings), stuck: countStuck(findings) }
}

const NUMBERS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'] as const

/** What is so, in one sentence, and what it means, in one paragraph. */
export function answer(
  snapshot: Pick<ConnectionsSnapshot, 'unknown'>,
  groups: readonly Group[],
  findings: readonly Finding[],
): Answer {
  const [worst, ...others] = findings
  if (worst === undefined) {
    return {
      severity: 'ok',
      sentence: quiet(groups, snapshot.unknown),
      paragraph: [calm(groups), limits(snapshot.unknown)].join(' ').trim(),
    }
  }
  const rest =
    others.length === 0
      ? ''
      : `${NUMBERS[others.length] ?? count(others.length)} more ${others.length === 1 ? 'thing is' : 'things are'} stuck, below.`
  return {
    severity: worst.verdict.severity,
    sentence: worst.headline,
    paragraph: [worst.meaning, rest, limits(snapshot.unknown)].filter((part) => part !== '').join(' '),
  }
}

function quiet(groups: readonly Group[], unknown: readonly string[]): string {
  if (openGroups(groups).length === 0) return 'No connection is open.'
  return unknown.length === 0 ? 'No connection is stuck.' : 'No connection is seen to be stuck.'
}

/** Without those that are over and only wait for stray packets. */
function openGroups(groups: readonly Group[]): readonly Group[] {
  return groups.filter((group) => group.state !== 'TIME-WAIT')
}

function calm(groups: readonly Group[]): string {
  const [biggest, ...rest] = openGroups(groups)
  if (biggest === undefined) return 'This machine talks to nobody.'
  const open = rest.reduce((total, group) => total + group.members.length, biggest.members.length)
  if (open === 1) return `One is open: ${pathText(biggest)}.`
  return `${count(open)} are open; the largest group is ${pathText(biggest)} with ${count(biggest.members.length)}.`
}

function limits(unknown: readonly string[]): string {
  return unknown.length === 0 ? '' : `Not known here: ${unknown.join(', ')}.`
}
