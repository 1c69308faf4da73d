/** What is wrong with the sandbox right now, and what a box tries that it should not. Pure. */
import type { Verdict } from '#core/verdict.ts'
import { count } from '#core/units.ts'
import type { RecentAttempt } from './circuits/recent.ts'
import type { CircuitsReport, LeakReport, SetUpState } from './wire.ts'
import { attemptText, boxes as boxesText } from './words.ts'

/** What is judged. */
export interface Facts {
  readonly report: CircuitsReport
  readonly setUp: SetUpState
  readonly recent: readonly RecentAttempt[]
  readonly leakTest: LeakReport | null
}

/** Names of targets that are told; the rest is counted. */
const NAMED = 3
/** Browsers try QUIC (UDP 443, and 80 in its early days) wherever they can, and do without when they get no answer. */
const QUIC_PORTS: ReadonlySet<number | null> = new Set([443, 80])

/** All that wants a look, the worst first. */
export function verdicts(facts: Facts): Verdict[] {
  const all = [...leaked(facts), ...brokenSetUp(facts), ...withoutTor(facts), ...tried(facts)]
  return all.toSorted((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'))
}

function leaked({ leakTest }: Facts): Verdict[] {
  const failed = leakTest?.rows.filter((row) => row.result === 'fail') ?? []
  if (leakTest === null || failed.length === 0) return []
  const leaks = failed.some((row) => row.leak)
  return [
    {
      key: 'leaktest',
      severity: leaks ? 'critical' : 'warning',
      summary: leakTest.answer.sentence,
      evidence: failed
        .slice(0, NAMED)
        .map((row) => `${row.name}: ${row.evidence}`)
        .join('; '),
      fix: leaks ? 'End the boxes, put the rules back, and test again.' : 'See whether tor is ready, and test again.',
      commands: leaks ? ['noc torbox apply', 'noc torbox leaktest'] : ['noc torbox verify', 'noc torbox leaktest'],
    },
  ]
}

function brokenSetUp({ setUp, report }: Facts): Verdict[] {
  if (setUp.state !== 'broken') return []
  const behind = report.boxes.filter((box) => box.kind === 'root').length
  return [
    {
      key: 'set-up',
      severity: behind > 0 ? 'critical' : 'warning',
      summary: `The sandbox is without ${setUp.what}.`,
      evidence:
        behind > 0
          ? `${boxesText(behind)} ${behind === 1 ? 'runs' : 'run'} behind it; nothing is forwarded from there as long as forwarding is off.`
          : 'No box runs behind it now.',
      fix: 'Another program has taken it away, most likely a firewall that was loaded again; put it back.',
      commands: ['noc torbox plan', 'noc torbox apply'],
    },
  ]
}

function withoutTor({ report }: Facts): Verdict[] {
  const { tor, boxes } = report
  if (tor.state === 'ready' || boxes.length === 0) return []
  const whose = `${boxesText(boxes.length)} ${boxes.length === 1 ? 'is' : 'are'} without a way out: `
  return [
    {
      key: 'tor',
      severity: tor.state === 'unreachable' ? 'critical' : 'warning',
      summary: whose + (tor.state === 'unreachable' ? 'tor does not answer.' : `tor is at ${tor.percent} %.`),
      evidence: tor.state === 'unreachable' ? tor.why : tor.doing,
      fix: 'Nothing leaks meanwhile, the boxes only reach nothing. See what tor says in its log.',
      commands: ['noc torbox verify'],
    },
  ]
}

/** A box that goes on trying to get past Tor; QUIC alone is no more than a remark. */
function tried({ recent }: Facts): Verdict[] {
  const telling = recent.filter((one) => !isQuic(one))
  const owners = [...new Set(telling.map(ownerOf))]
  return owners.map((owner) => {
    const own = telling.filter((one) => ownerOf(one) === owner).toSorted((a, b) => b.packets - a.packets)
    const packets = own.reduce((sum, one) => sum + one.packets, 0)
    const box = own[0]?.box ?? null
    return {
      key: `tried:${owner}`,
      severity: 'warning',
      summary: `${owner} tries to get past Tor: ${targets(own)}.`,
      evidence: `${count(packets)} ${packets === 1 ? 'packet' : 'packets'} dropped, the last within ten minutes; none of them left.`,
      fix: 'It may be harmless (time, local discovery, a call over UDP). If you do not know why it does that, end it.',
      commands: box === null ? [] : [`noc torbox stop ${box}`],
    }
  })
}

function isQuic({ protocol, port }: RecentAttempt): boolean {
  return protocol === 'udp' && QUIC_PORTS.has(port)
}

function ownerOf({ box, source }: RecentAttempt): string {
  return box ?? source ?? 'a box'
}

function targets(attempts: readonly RecentAttempt[]): string {
  const named = attempts.slice(0, NAMED).map(attemptText)
  const rest = attempts.length - named.length
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}
