import type { Clock } from '#core/clock.ts'
import type { DiagSocket } from '#proto/netlink/inet-diag.ts'
import { readConntrackAges } from './age.ts'
import { type ConntrackAges, conntrackKey } from './conntrack.ts'
import { type Filter, matches } from './filter.ts'
import { type Group, type Key, countStates, describeGroup, groupSockets, regroup } from './groups.ts'
import { type Ages, ageMemory, growthMemory } from './history.ts'
import { MACHINE, type Owners, ownerBook } from './owners.ts'
import { type Reading, type Socket, hasNoPeer } from './socket.ts'
import { readSockets } from './sources/read.ts'
import { type Finding, type Limits, type RuleViews, judge, ruleViews, silentCrowds } from './verdicts.ts'
import type { ConnectionsSnapshot, SourceName } from './wire.ts'

/** What a looker works with. */
export interface LookerOptions {
  readonly source: 'auto' | SourceName
  readonly limits: Limits
  readonly clock: Clock
  /** Since when an alert has been going on; for the sentence of a verdict. */
  since(verdictKey: string): number | null
}

/** What is wanted of one look. */
export interface LookRequest {
  readonly by: readonly Key[]
  readonly filter: Filter
  readonly signal?: AbortSignal
}

/** All connections at one moment, judged. */
export interface Look {
  readonly at: number
  readonly reading: Reading
  readonly unknown: readonly string[]
  /** By the wanted keys, the biggest first. */
  readonly groups: readonly Group[]
  readonly findings: readonly Finding[]
  /** Whether a second look would tell more: there is a crowd that may hang, or a finding whose growth is not known. */
  readonly unsure: boolean
  /** Who holds it, and its unit and user. */
  readonly owners: Owners
  growthPerMinute(group: Group): number | null
  age(socket: Socket): number | null
}

/** Looks again and again, and remembers what a single look can't tell. The sockets of a look are good until the next. */
export interface Looker {
  look(request: LookRequest): Promise<Look>
}

/** Makes a looker for this machine. */
export function createLooker(options: LookerOptions): Looker {
  const { source, limits, clock } = options
  const since = (key: string): number | null => options.since(key)
  const book = ownerBook(MACHINE, clock)
  const growth = growthMemory()
  const ages = ageMemory()
  let silentBefore: ReadonlyMap<string, ReadonlySet<number | string>> | null = null
  let tracked: ConntrackAges | null = null
  let recycle: DiagSocket[] = []

  return {
    look: async ({ by, filter, signal }) => {
      const at = clock.now()
      const reading = await readSockets({ source, proc: MACHINE.proc, recycle, ...(signal ? { signal } : {}) })
      // What netlink gave are its own objects; the next look fills them again.
      recycle = reading.source === 'netlink' ? (reading.sockets as DiagSocket[]) : []
      const owners = await book.look(reading.sockets, signal)
      // What began after the first look has been seen to begin.
      tracked = tracked === null ? await readConntrackAges(MACHINE.proc, signal) : NONE
      // Ages and growth are told by the clock that never jumps.
      const moment = clock.monotonic()
      noteAges(ages, moment, reading.sockets, tracked)
      const all = groupSockets(reading.sockets, facts(owners)).filter((group) => matches(group, filter))
      const groups = regroup(all, by)
      const views = ruleViews(all)
      growth.note(moment, counts([groups, ...views.values()]))
      const age = (socket: Socket): number | null => ages.age(socket)
      const perMinute = (key: string): number | null => growth.perMinute(key)
      const findings = judge(views, limits, { at, age, since, silentBefore, growthPerMinute: perMinute })
      silentBefore = silentCrowds(views, limits)
      return {
        at,
        reading,
        unknown: [...reading.unknown, ...hiddenOwners(reading.sockets, owners)],
        groups,
        findings,
        unsure: isUnsure(findings, silentBefore, views),
        owners,
        growthPerMinute: (group) => perMinute(group.key),
        age,
      }
    },
  }
}

const NONE: ConntrackAges = new Map()

function noteAges(ages: Ages, at: number, sockets: readonly Socket[], tracked: ConntrackAges): void {
  ages.note(at, sockets, (socket) => {
    const seconds = tracked.size === 0 ? undefined : tracked.get(conntrackKey(socket))
    return seconds === undefined ? null : seconds * 1000
  })
}

function facts(owners: Owners): Parameters<typeof groupSockets>[1] {
  return (socket, listener) => {
    const holder = listener ?? socket
    const owner = owners.owner(holder)
    // A socket that its process has closed already belongs to nobody; the kernel says root.
    const orphan = holder.inode === 0
    return {
      process: owner?.process ?? null,
      pid: owner?.pid ?? null,
      unit: owners.unit(holder),
      user: orphan ? null : owners.user(holder.uid),
    }
  }
}

/** So many groups are counted whatever their size; of more only those with a few members, to bound the memory. */
const COUNTED_GROUPS = 5000
const COUNTED_MEMBERS = 3

function counts(views: readonly (readonly Group[])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const groups of views) {
    const least = groups.length > COUNTED_GROUPS ? COUNTED_MEMBERS : 1
    for (const group of groups) if (group.members.length >= least) counts.set(group.key, group.members.length)
  }
  return counts
}

function isUnsure(findings: readonly Finding[], crowds: ReadonlyMap<string, unknown>, views: RuleViews): boolean {
  const found = new Set(findings.map((finding) => finding.group.key))
  const open = [...views.values()].flat().some((group) => crowds.has(group.key) && !found.has(group.key))
  return open || findings.some((finding) => finding.growthPerMinute === null)
}

function hiddenOwners(sockets: readonly Socket[], owners: Owners): string[] {
  if (owners.hidden === 0) return []
  const unseen = sockets.some((socket) => socket.inode !== 0 && !hasNoPeer(socket) && owners.owner(socket) === null)
  return unseen ? ["owners of other users' sockets"] : []
}

/** The look as a document, with at most `limit` groups; `nameOf` gives names of remotes where they were asked for. */
export function snapshot(look: Look, limit: number, nameOf: (ip: string) => string | null): ConnectionsSnapshot {
  const { at, reading, groups } = look
  return {
    at,
    source: reading.source,
    unknown: look.unknown,
    sockets: reading.sockets.length,
    states: countStates(reading.sockets),
    groups: groups.slice(0, limit).map((group) =>
      describeGroup(group, {
        growthPerMinute: look.growthPerMinute(group),
        age: (socket) => look.age(socket),
        name: group.host === null ? null : nameOf(group.host),
      }),
    ),
    hiddenGroups: Math.max(0, groups.length - limit),
    verdicts: look.findings.map((finding) => finding.verdict),
  }
}
