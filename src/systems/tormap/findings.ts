/** What of a map is worth waking somebody up: verdicts over one hour and the one before. Pure. */
import { count, duration, percent, text } from '#core/units.ts'
import { plain } from '#core/plain.ts'
import type { Verdict } from '#core/verdict.ts'
import type { TrustedAuthority, VoteSource } from '#proto/tordir/types.ts'
import type { TormapConfig } from './config.ts'
import { newBadExits } from './difference.ts'
import { familyShares, shareFindings, systemShares, totalWeight, weightShare } from './findings-shares.ts'
import { type MapRelay, ORIGINAL_CLASSES, type RelayMap } from './types.ts'

/** Limits of the findings, as in the configuration. */
export type FindingLimits = Pick<TormapConfig, 'stale_after' | 'loss_share' | 'family_share' | 'as_share'>

/** What the findings may know beside the two maps. */
export interface FindingFacts {
  /** Wall clock, ms since 1970; without it nothing is said of clocks and stale documents. */
  readonly at?: number
  /** Whose vote is expected; without it, those that voted for the map before. */
  readonly trusted?: readonly TrustedAuthority[]
}

const HOUR = 3_600_000
/** How far a clock may be off before a consensus seems to come from the future, ms. */
const CLOCK_SKEW = 10 * 60_000
/** Smaller classes come and go by a few relays at any hour. */
const LEAST_CLASS = 50
/** Lost twice the limit: not an accident of one provider any more. */
const CRITICAL_LOSS = 2
/** More new bad exits are one finding. */
const MAX_SINGLE = 5

/** All that is wrong, the worst first. `before` is the map of an earlier hour; null: there is none. */
export function findings(
  now: RelayMap,
  before: RelayMap | null,
  limits: FindingLimits,
  facts: FindingFacts = {},
): readonly Verdict[] {
  // The sample has its own times and its own bad exits.
  if (now.sample) return []
  const earlier = before === null || before.sample ? null : before
  const all = [
    ...(facts.at === undefined ? [] : timeFindings(now, limits, facts.at)),
    ...(earlier === null ? [] : badExitFindings(earlier, now)),
    ...authorityFindings(now, earlier, facts.trusted),
    ...(earlier === null ? [] : lossFindings(earlier, now, limits)),
    ...shareFindings(familyShares, earlier, now, limits.family_share),
    ...shareFindings(systemShares, earlier, now, limits.as_share),
  ]
  return all.toSorted((a, b) => rank(b) - rank(a))
}

function rank({ severity }: Verdict): number {
  return severity === 'critical' ? 1 : 0
}

function timeFindings({ consensus }: RelayMap, limits: FindingLimits, at: number): Verdict[] {
  const { validAfter, validUntil } = consensus
  const from = `It is valid from ${stamp(validAfter)} until ${stamp(validUntil)}; the clock here says ${stamp(at)}.`
  if (at < validAfter - CLOCK_SKEW) {
    const verdict = {
      key: 'clock',
      severity: 'critical',
      summary: `The clock of this machine is ${text(duration(validAfter - at))} behind the consensus.`,
      evidence: from,
      fix: 'Set the clock; tor does not work either while it is wrong.',
      commands: ['timedatectl set-ntp true'],
    } as const
    return [verdict]
  }
  const age = at - validAfter
  if (age <= limits.stale_after * HOUR && at <= validUntil) return []
  const verdict = {
    key: 'stale',
    severity: at > validUntil ? 'critical' : 'warning',
    summary: `The newest consensus is ${text(duration(age))} old${at > validUntil ? ' and no longer valid' : ''}.`,
    evidence: `${from} Either none could be fetched, or the authorities have not agreed on one.`,
    fix: 'Fetch one; if that works and it is no newer, the authorities are in trouble.',
    commands: ['noc tormap fetch'],
  } as const
  return [verdict]
}

function badExitFindings(before: RelayMap, now: RelayMap): Verdict[] {
  const relays = newBadExits(before, now)
  const since = `since ${stamp(before.consensus.validAfter)}`
  if (relays.length > MAX_SINGLE) {
    const names = relays.slice(0, MAX_SINGLE).map(nameOf).join(', ')
    const verdict = {
      key: 'bad-exits',
      severity: 'warning',
      summary: `The authorities have marked ${count(relays.length)} relays as bad exits ${since}.`,
      evidence: `${names} and ${count(relays.length - MAX_SINGLE)} more.`,
      fix: 'Clients no longer leave through them; look whether any is yours or of a family you trust.',
      commands: ['noc tormap find flag:badexit'],
    } as const
    return [verdict]
  }
  return relays.map((relay) => ({
    key: `bad-exit:${relay.entry.fingerprint}`,
    severity: 'warning',
    summary: `The authorities have marked ${nameOf(relay)} as a bad exit ${since}.`,
    evidence: `${relay.entry.fingerprint} at ${relay.entry.address}${countryOf(relay)}, ${percent(weightShare([relay], totalWeight(now)))} of the consensus weight.`,
    fix: 'Clients no longer leave through it; if it is yours, write to bad-relays@lists.torproject.org.',
    commands: [`noc tormap find fingerprint:${relay.entry.fingerprint}`],
  }))
}

function authorityFindings(
  now: RelayMap,
  before: RelayMap | null,
  trusted: readonly TrustedAuthority[] | undefined,
): Verdict[] {
  const { voters, validAfter } = now.consensus
  const expected: readonly Pick<VoteSource, 'identity' | 'nickname'>[] = trusted ?? before?.consensus.voters ?? []
  const voted = new Set(voters.map((voter) => voter.identity))
  const known = expected.length
  return expected
    .filter(({ identity }) => !voted.has(identity))
    .map(({ identity, nickname }) => ({
      key: `authority:${identity}`,
      // One more than half must sign; below that there is no consensus at all.
      severity: voters.length <= Math.floor(known / 2) + 1 ? 'critical' : 'warning',
      summary: `The authority ${plain(nickname)} is missing from the vote.`,
      evidence: `${voters.length} of ${known} authorities voted for the consensus of ${stamp(validAfter)}; ${Math.floor(known / 2) + 1} are needed.`,
      fix: 'Nothing to do here; below the number needed, the network has no new consensus.',
      commands: [],
    }))
}

function lossFindings(before: RelayMap, now: RelayMap, limits: FindingLimits): Verdict[] {
  const of = (map: RelayMap, name: string | null): number =>
    name === null ? map.relays.length : map.relays.filter((relay) => relay.original === name).length
  return [null, ...ORIGINAL_CLASSES].flatMap((name): Verdict[] => {
    const [was, is] = [of(before, name), of(now, name)]
    const lost = (was - is) / was
    if ((name !== null && was < LEAST_CLASS) || was === 0 || lost < limits.loss_share) return []
    // Without descriptors now, nothing is fast: then a class has lost nobody.
    if (name !== null && knowsBandwidth(before) !== knowsBandwidth(now) && BY_BANDWIDTH.has(name)) return []
    const what = name === null ? 'relays' : `relays of the class ${name}`
    const verdict = {
      key: name === null ? 'loss' : `loss:${name}`,
      severity: lost >= limits.loss_share * CRITICAL_LOSS ? 'critical' : 'warning',
      summary: `${count(was - is)} of ${count(was)} ${what} are gone since ${stamp(before.consensus.validAfter)}.`,
      evidence: `${percent(lost)} fewer; ${count(is)} at ${stamp(now.consensus.validAfter)}.`,
      fix: 'Compare the two hours: one country, one provider or one version is the usual reason.',
      commands: [],
    } as const
    return [verdict]
  })
}

const BY_BANDWIDTH: ReadonlySet<string> = new Set(['exitFast', 'exit', 'stableFast', 'stable'])

function knowsBandwidth({ relays }: RelayMap): boolean {
  return relays.some((relay) => relay.observed !== null)
}

function nameOf({ entry }: MapRelay): string {
  return plain(entry.nickname)
}

function countryOf({ place }: MapRelay): string {
  return place.country === null ? '' : ` (${place.country})`
}

/** `2022-11-19 10:00` UTC, as the directory writes times. */
function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
