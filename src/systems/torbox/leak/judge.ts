/** From what was seen, inside and outside, to pass or fail with the evidence. Pure. */
import type { LeakRow } from '../wire.ts'
import { arrivals, list, outcomes, plural, seenLeaving } from './evidence.ts'
import { type Filtered, type Observations, withoutExits } from './observations.ts'
import { rowOf, tokenFor } from './plan.ts'
import { PROBES, type ProbeId } from './probes.ts'
import type { TargetId } from './targets.ts'
import type { TaskResult } from './tasks.ts'
import type { Left } from './watch.ts'

/** What a row comes to. */
type Finding = Pick<LeakRow, 'result' | 'leak' | 'evidence'>

const pass = (evidence: string): Finding => ({ result: 'pass', leak: false, evidence })
const leak = (evidence: string): Finding => ({ result: 'fail', leak: true, evidence })
/** The box does not do its work, but nothing got out. */
const broken = (evidence: string): Finding => ({ result: 'fail', leak: false, evidence })
const unasked = (evidence: string): Finding => ({ result: 'not-applicable', leak: false, evidence })

/** All rows. */
export function judge(all: Observations): LeakRow[] {
  const seen = withoutExits(all)
  return PROBES.map(({ id, group, name, proves, why }) => ({ id, group, name, proves, why, ...findingOf(id, seen) }))
}

function findingOf(id: ProbeId, seen: Filtered): Finding {
  const skipped = seen.skipped[id]
  if (skipped !== undefined) return unasked(skipped)
  const own = seen.results.filter((result) => rowOf(result.id) === id)
  const untried = own.filter((result) => result.outcome === 'unknown')
  if (own.length === 0 && !WITHOUT_TASKS.has(id))
    return unasked('nothing was tried: the program in the box gave no answer')
  const finding = RULES[id](seen, own)
  if (finding.result !== 'pass' || untried.length === 0) return finding
  const reasons = list([...new Set(untried.map((result) => result.detail))])
  if (untried.length === own.length) return unasked(reasons)
  return { ...finding, evidence: `${finding.evidence}; not tried: ${reasons}` }
}

const WITHOUT_TASKS: ReadonlySet<ProbeId> = new Set(['forwarded'])

type Rule = (seen: Filtered, own: readonly TaskResult[]) => Finding

const RULES: Readonly<Record<ProbeId, Rule>> = {
  'tcp-name': (seen, own) => byTor(seen, own, seen.targets.onion, seen.sightings?.onions ?? []),
  'tcp-address': (seen, own) => {
    const { address, left } = toTarget(seen, 'tcp-address')
    return byTor(seen, own, address, left)
  },
  'dns-a': asked,
  'dns-aaaa': asked,
  'dns-txt': (seen, own) => {
    const left = seen.sightings?.texts ?? []
    if (left.length > 0) return leak(seenLeaving(left))
    return pass(`${outcomes(own)}; ${nothingLeft(seen)}`)
  },
  'dns-server': (seen, own) => {
    const left = [...toTarget(seen, 'dns-server').left]
    if (left.length > 0) return leak(seenLeaving(left))
    return pass(
      answered(own) ? `Tor answered in its place; ${nothingLeft(seen)}` : `${outcomes(own)}; ${nothingLeft(seen)}`,
    )
  },
  'dns-port': (seen, own) => dropped(seen, own, 'dns-port'),
  udp: (seen, own) => dropped(seen, own, 'udp'),
  icmp: (seen, own) => dropped(seen, own, 'icmp'),
  ipv6: (seen, own) => dropped(seen, own, 'ipv6'),
  'root-routes': (seen, own) => dropped(seen, own, 'root-routes'),
  forwarded: (seen) => {
    if (seen.sightings === null) return unasked(NOT_WATCHED)
    // What was let out on purpose has rows of its own.
    const wanted = new Set([seen.targets.v4['flow-before'], seen.targets.v4['rules-flushed']])
    const other = seen.sightings.forwarded.filter((one) => !wanted.has(one.target))
    return other.length > 0 ? leak(seenLeaving(other)) : pass('no packet from a box was forwarded')
  },
  'host-tcp': unheard,
  'host-udp': unheard,
  'host-loopback': unheard,
  'ipv6-link-local': unheard,
  'host-ping': (seen, own) => {
    const answers = own.filter((result) => result.outcome === 'answered')
    if (answers.length === 0) return pass(`${plural(own.length, 'address', 'addresses')} asked, none answered`)
    if (alone(seen)) return pass(ALONE)
    return leak(`answers from ${list(answers.map((result) => what(result).replace('ping ', '')))}`)
  },
  sockets: (_seen, own) => {
    const open = own.filter((result) => result.outcome === 'connected' || result.outcome === 'answered').map(what)
    const known = open.filter((path) => DANGEROUS.test(path))
    if (known.length > 0) return leak(`can be connected to: ${list(known)}`)
    if (open.length > 0) return pass(`none of the known ones; can be connected to: ${list(open)}`)
    return pass(`${plural(own.length, 'socket')} of this machine tried, none could be connected to`)
  },
  'box-to-box': (seen, own) => {
    const arrived = (seen.boxArrivals ?? []).filter(
      (one) => one.token === tokenFor(seen.targets, 'box-to-box') && !seen.exits.has(one.from),
    )
    if (arrived.length > 0) return leak(`the other box was reached: ${arrivals(arrived)}`)
    const pinged = own.some((result) => what(result).startsWith('ping') && result.outcome === 'answered')
    if (pinged) return leak('the other box answers a ping')
    if (seen.boxArrivals === null) return unasked('the second box did not listen')
    return pass(`the other box listened and heard nothing; ${outcomes(own)}`)
  },
  spoof: (seen, own) => {
    const carried = seen.streams?.find((one) => one.target.startsWith(`${seen.targets.v4.spoof}:`))
    const { left } = toTarget(seen, 'spoof')
    if (left.length > 0) return leak(seenLeaving(left))
    if (carried !== undefined)
      return leak(`Tor took a connection from ${carried.source ?? 'it'}, the address of the other box`)
    if (connected(own))
      return leak(`connected under ${seen.otherAddress ?? 'its address'}, the address of the other box`)
    return pass(`as ${seen.otherAddress ?? 'the other box'}: ${outcomes(own)}`)
  },
  'tor-stopped': (seen, own) => {
    const { left } = toTarget(seen, 'tor-stopped')
    if (left.length > 0) return leak(seenLeaving(left))
    const served = own.filter((result) => result.outcome === 'answered')
    if (served.length > 0) return leak(`answered though tor was stopped: ${list(served.map(what))}`)
    return pass(`${outcomes(own)}; ${nothingLeft(seen)}`)
  },
  'tor-restarted': (seen, own) => {
    const { left } = toTarget(seen, 'tor-restarted')
    if (left.length > 0) return leak(seenLeaving(left))
    if (!own.some((result) => what(result) === 'again' && connects(result))) {
      return broken(`nothing left, but the box was not served again within the time of the test`)
    }
    return pass(`${nothingLeft(seen)}; the box is served again`)
  },
  'rules-flushed': (seen, own) => {
    const { left } = toTarget(seen, 'rules-flushed')
    return left.length > 0 ? leak(seenLeaving(left)) : pass(`${outcomes(own)}; ${nothingLeft(seen)}`)
  },
  'flow-before': (seen) => {
    if (seen.flow === null) return unasked(NOT_WATCHED)
    const { before, after } = seen.flow
    if (before === 0) return pass('not one packet got out while there were no rules, so there was no flow to cut')
    if (after > before)
      return leak(`${plural(after - before, 'more packet')} of the old flows left after the rules were back`)
    return pass(`${plural(before, 'packet')} got out while there were no rules; none after they were back`)
  },
}

/** Sockets that lead to another program's deeds, names or windows. */
const DANGEROUS =
  /dbus|\/bus$|nscd|resolve|avahi|X11-unix|wayland|agent|gnupg\/S\.|docker|containerd|podman|libvirt|pulse|pipewire|systemd\/(private|notify|io\.|userdb)|snapd|control(\.sock)?$|pcscd|keyring/i

const NOT_WATCHED = 'only root may count what leaves this machine'
const ALONE = 'the box has no interface but its own loopback, which answered'

function byTor(seen: Filtered, own: readonly TaskResult[], target: string, left: readonly Left[]): Finding {
  if (left.length > 0) return leak(seenLeaving(left))
  const stream = seen.streams?.find((one) => one.target.startsWith(`${target}:`))
  if (stream !== undefined) {
    return pass(`Tor took it${stream.source === null ? '' : ` from ${stream.source}`}; ${nothingLeft(seen)}`)
  }
  if (!connected(own)) return broken(`not served (${outcomes(own)}); ${nothingLeft(seen)}`)
  if (seen.streams !== null && seen.kind === 'root')
    return leak(`it was accepted, but Tor has not seen it: ${outcomes(own)}`)
  return pass(`${outcomes(own)}; ${nothingLeft(seen)}; tor could not be asked whether it took it`)
}

function asked(seen: Filtered, own: readonly TaskResult[]): Finding {
  const left = questions(seen)
  if (left.length > 0) return leak(seenLeaving(left))
  return answered(own)
    ? pass(`${outcomes(own)}; ${nothingLeft(seen)}`)
    : broken(`${outcomes(own)}; ${nothingLeft(seen)}`)
}

/** Questions for the run's name, but those to the fixed servers, which have rows of their own. */
function questions({ sightings, targets }: Filtered): Left[] {
  const servers = new Set([targets.v4['dns-server'], targets.v4['dns-port']])
  return (sightings?.names ?? []).filter((one) => !servers.has(one.target))
}

function dropped(seen: Filtered, own: readonly TaskResult[], id: TargetId & ProbeId): Finding {
  const { left } = toTarget(seen, id)
  if (left.length > 0) return leak(seenLeaving(left))
  if (!own.some(connects)) return pass(`${outcomes(own)}; ${nothingLeft(seen)}`)
  if (alone(seen)) return pass(ALONE)
  return leak(`something answered: ${outcomes(own.filter(connects))}`)
}

function unheard(seen: Filtered, own: readonly TaskResult[]): Finding {
  const row = rowOf(own[0]?.id ?? '') as ProbeId
  const token = tokenFor(seen.targets, row)
  const all = seen.hostArrivals.filter((one) => one.token === token)
  // A connection by way of an exit relay of this machine came through Tor.
  const came = all.filter((one) => !seen.exits.has(one.from))
  if (came.length > 0) return leak(`the service on this machine was reached: ${arrivals(came)}`)
  if (all.length > 0) return pass(`the service on this machine was reached through Tor only: ${arrivals(all)}`)
  const answers = own.filter((result) => result.outcome === 'answered')
  if (answers.length > 0 && !alone(seen)) return leak(`answers: ${list(answers.map(what))}`)
  return pass(`the service on this machine heard nothing; ${outcomes(own)}`)
}

/** Whether the box has no interface but loopback: then every answer is its own. */
function alone({ results }: Filtered): boolean {
  return results.some((result) => result.id === 'look' && result.outcome === 'nothing')
}

function toTarget({ targets, sightings }: Filtered, id: TargetId): { address: string; left: readonly Left[] } {
  const addresses = new Set([targets.v4[id], targets.v6[id]])
  return { address: targets.v4[id], left: (sightings?.left ?? []).filter((one) => addresses.has(one.target)) }
}

const connects = (result: TaskResult): boolean => result.outcome === 'connected' || result.outcome === 'answered'
const connected = (own: readonly TaskResult[]): boolean => own.some(connects)
const answered = (own: readonly TaskResult[]): boolean => own.some((result) => result.outcome === 'answered')

function what(result: TaskResult): string {
  return result.id.slice(rowOf(result.id).length + 1)
}

function nothingLeft(seen: Filtered): string {
  if (seen.sightings !== null) return 'nothing left this machine'
  return alone(seen) ? 'the box has no way out but its own loopback' : 'what left this machine was not watched'
}
