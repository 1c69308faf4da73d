/** The JSON documents of `noc connections --json`, /api/connections and the live page. */
import type { Answer } from '#core/http/documents.ts'
import type { Verdict } from '#core/verdict.ts'

/** Where a snapshot came from, best first. */
export type SourceName = 'netlink' | 'ss' | 'proc'

/** Sockets that belong together: same remote, process, unit, user, state and direction. */
export interface ConnectionGroup {
  /** `port` is null for incoming connections: the client's port says nothing. */
  readonly remote: { readonly ip: string; readonly port: number | null; readonly name: string | null }
  /** The service's own port for incoming connections, else null. */
  readonly localPort: number | null
  readonly direction: 'out' | 'in'
  readonly protocol: 'tcp' | 'udp'
  /** Name of the owning process; null when it can't be seen (not root, or already gone). */
  readonly process: string | null
  /** systemd unit or cgroup; null when unknown. */
  readonly unit: string | null
  readonly user: string | null
  /** `ESTABLISHED`, `CLOSE-WAIT` ... as in RFC 9293, dashes as ss writes them. */
  readonly state: string
  readonly count: number
  /** Since the first snapshot this process knows; null when there is none to compare with. */
  readonly growthPerMinute: number | null
  /** Since the last byte came or went; null when the source can't tell. */
  readonly idleMedianMs: number | null
  readonly idleMaxMs: number | null
  /** Age of the oldest: conntrack's, else since first seen; null on the first look. */
  readonly ageMaxMs: number | null
  /** Whether keep-alive probes are on in all of them; null when the source can't tell. */
  readonly keepAlive: boolean | null
  /** Sums over the group; null when the source can't tell. */
  readonly bytesReceived: number | null
  readonly bytesSent: number | null
  /** Bytes that wait to be read by our process, and to be taken by the remote. */
  readonly receiveQueue: number
  readonly sendQueue: number
  /** At most 1,000. */
  readonly pids: readonly number[]
}

export interface ConnectionsSnapshot {
  readonly at: number
  readonly source: SourceName
  /** What this source can't tell, in words (`idle times`, `owners of other users' sockets`); empty for netlink as root. */
  readonly unknown: readonly string[]
  readonly sockets: number
  /** Count by state. */
  readonly states: Readonly<Record<string, number>>
  /** The biggest first. */
  readonly groups: readonly ConnectionGroup[]
  /** How many more there are than shown. */
  readonly hiddenGroups: number
  readonly verdicts: readonly Verdict[]
}

/** Live topic `connections`: at most 200 groups. */
export interface ConnectionsView extends ConnectionsSnapshot {
  readonly answer: Answer
  /** Sockets in groups that have a verdict. */
  readonly stuck: number
}

/** `noc connections probe`: what the remote does. */
export interface ProbeResult {
  readonly host: string
  readonly port: number
  readonly outcome: 'refused' | 'timeout' | 'answers' | 'hangs' | 'unreachable'
  /** One entry a try. */
  readonly tries: readonly {
    readonly ip: string
    readonly outcome: ProbeResult['outcome']
    readonly connectMs: number | null
    readonly firstByteMs: number | null
    readonly detail: string
  }[]
  readonly summary: string
}

/** `noc connections close`: plan and result. */
export interface CloseResult {
  /** True when nothing was done yet. */
  readonly dryRun: boolean
  readonly found: number
  readonly closed: number
  /** Sockets that would not go, and why. */
  readonly failed: readonly { readonly socket: string; readonly why: string }[]
  readonly sockets: readonly {
    readonly local: string
    readonly remote: string
    readonly state: string
    readonly process: string | null
    readonly pid: number | null
  }[]
  /** Identifies exactly this plan; apply takes it back and closes only these. */
  readonly plan: string
}
