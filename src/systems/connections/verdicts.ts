import type { Severity, Verdict } from '#core/verdict.ts'
import type { ConnectionsConfig, Limit } from './config.ts'
import { type Group, regroup } from './groups.ts'
import { CROWD_RULE, type Kind, RULES, type Rule, type RuleContext, isSilent } from './rules.ts'
import { say } from './sentences.ts'
import { type Socket, endpoint, identity, silentAgeMs } from './socket.ts'

/** What the rules need to know of earlier looks and alerts. */
export interface Memory {
  /** Wall clock of this look, ms since 1970. */
  readonly at: number
  growthPerMinute(groupKey: string): number | null
  age(socket: Socket): number | null
  /** Never-answered connections of the look before, by group. */
  readonly silentBefore: ReadonlyMap<string, ReadonlySet<number | string>> | null
  /** Since when an alert of this key has been going on. */
  since(verdictKey: string): number | null
}

/** A verdict and what it is about. */
export interface Finding {
  readonly kind: Kind
  readonly group: Group
  readonly stuck: readonly Socket[]
  readonly growthPerMinute: number | null
  /** When it began, as far as that can be told; ms since 1970. */
  readonly since: number | null
  readonly verdict: Verdict
  /** For the answer of a page: what is so, and what it means. */
  readonly headline: string
  readonly meaning: string
}

/** Limits of verdicts, as in the configuration. */
export type Limits = Pick<ConnectionsConfig, 'warning' | 'critical' | 'silent_after' | 'limits'>

/** The same groups in every way that a rule looks at them. */
export type RuleViews = ReadonlyMap<Rule['keys'], readonly Group[]>

/** Groups (by every key) as the rules need them. */
export function ruleViews(groups: readonly Group[]): RuleViews {
  const ways = new Set(RULES.map((rule) => rule.keys))
  return new Map([...ways].map((keys) => [keys, regroup(groups, keys)]))
}

/** All that is stuck, the worst first. */
export function judge(views: RuleViews, limits: Limits, memory: Memory): Finding[] {
  const findings = RULES.flatMap((rule) =>
    (views.get(rule.keys) ?? []).flatMap((group) => examine(rule, group, limits, memory) ?? []),
  )
  return findings.toSorted(
    (a, b) => rank(b.verdict.severity) - rank(a.verdict.severity) || b.stuck.length - a.stuck.length,
  )
}

function rank(severity: Severity): number {
  return severity === 'critical' ? 1 : 0
}

function examine(rule: Rule, group: Group, limits: Limits, memory: Memory): Finding | null {
  if (group.protocol !== 'tcp' || group.state !== rule.state) return null
  if (rule.direction !== 'any' && group.direction !== rule.direction) return null
  const limit = limits.limits.find((entry) => fits(entry, group))
  if (limit?.ignore === true) return null
  const { warning, critical } = thresholds(rule, limits, limit)
  if (group.members.length < warning) return null
  const cx: RuleContext = {
    silentAfter: limits.silent_after * 1000,
    critical,
    growthPerMinute: memory.growthPerMinute(group.key),
    age: (socket) => memory.age(socket),
    silentBefore: memory.silentBefore?.get(group.key) ?? null,
  }
  const stuck = rule.stuck(group, cx)
  // Connections on which nobody ever said a word may be a pool that was opened in advance.
  const spoke = rule.kind !== 'hang' || stuck.some((socket) => socket.bytesSent !== 0)
  if (stuck.length < (spoke ? warning : warning * 2)) return null
  return finding(rule, group, stuck, stuck.length >= critical ? 'critical' : 'warning', memory)
}

/** Whoever raises only the number for a warning means the critical one to rise with it. */
function thresholds(rule: Rule, limits: Limits, limit: Limit | undefined): { warning: number; critical: number } {
  const least = limit?.warning ?? limits.warning
  const most = limit?.critical ?? (least / limits.warning) * limits.critical
  const warning = Math.ceil(least * rule.factor)
  return { warning, critical: Math.max(warning, Math.ceil(most * Math.max(1, rule.factor))) }
}

function fits(limit: Limit, group: Group): boolean {
  if (limit.process !== undefined && limit.process !== group.process) return false
  if (limit.remote === undefined) return true
  return group.host !== null && (limit.remote === group.host || limit.remote === endpoint(group.host, group.port))
}

function finding(
  { kind, keys }: Rule,
  group: Group,
  stuck: readonly Socket[],
  severity: Severity,
  memory: Memory,
): Finding {
  const host = keys.includes('host') ? (group.host ?? '*') : '*'
  const key = `${kind}:${group.direction === 'in' ? 'in:' : ''}${group.process ?? '?'}:${endpoint(host, group.port)}`
  const births = stuck.map(silentAgeMs).filter((age) => age !== null)
  const oldest = births.length === stuck.length ? births.reduce((a, b) => Math.max(a, b), 0) : null
  const known = [memory.since(key), oldest === null ? null : memory.at - oldest].filter((time) => time !== null)
  const facts = {
    kind,
    group,
    stuck,
    growthPerMinute: (oldest === null ? null : arrivalsPerMinute(births)) ?? memory.growthPerMinute(group.key),
    since: known.length === 0 ? null : Math.min(...known),
  }
  const { summary, evidence, fix, commands, headline, meaning } = say(facts, memory.at)
  return { ...facts, verdict: { key, severity, summary, evidence, fix, commands }, headline, meaning }
}

const MINUTE = 60_000

/**
 * How many a minute came and stayed, told from their ages alone: so the first look knows it. Null while the oldest is
 * too young to tell growth from a start.
 */
function arrivalsPerMinute(ages: readonly number[]): number | null {
  const oldest = ages.reduce((a, b) => Math.max(a, b), 0)
  const minutes = oldest >= 10 * MINUTE ? 5 : 1
  if (oldest < 2 * MINUTE) return null
  return ages.filter((age) => age < minutes * MINUTE).length / minutes
}

/** The never-answered connections of each group that is large enough to be a hanging crowd, for the next look. */
export function silentCrowds(views: RuleViews, limits: Limits): Map<string, ReadonlySet<number | string>> {
  const special = limits.limits.map((limit) => thresholds(CROWD_RULE, limits, limit).critical)
  const atLeast = Math.min(limits.critical, ...special)
  const crowds = new Map<string, ReadonlySet<number | string>>()
  for (const group of views.get(CROWD_RULE.keys) ?? []) {
    if (group.direction !== CROWD_RULE.direction || group.state !== CROWD_RULE.state) continue
    if (group.members.length < atLeast) continue
    const silent = group.members.filter(isSilent)
    if (silent.length >= atLeast) crowds.set(group.key, new Set(silent.map(identity)))
  }
  return crowds
}
