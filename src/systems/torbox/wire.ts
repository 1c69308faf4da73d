/** The JSON documents of `noc torbox leaktest|circuits --json`, /api/torbox and the live page. Times are ms since 1970. */
import type { Answer } from '#core/http/documents.ts'
import type { Verdict } from '#core/verdict.ts'
import type { ProbeGroup, ProbeId } from './leak/probes.ts'

/** `not-applicable`: could not be asked here; `evidence` says why. */
export type LeakResult = 'pass' | 'fail' | 'not-applicable'

/** What one probe found. */
export interface LeakRow {
  readonly id: ProbeId
  readonly group: ProbeGroup
  readonly name: string
  /** What a pass means. */
  readonly proves: string
  /** Why it matters. */
  readonly why: string
  readonly result: LeakResult
  /** True when something got past Tor; a failed row without it means that the box does not work. */
  readonly leak: boolean
  /** What was seen, inside the box and outside of it. */
  readonly evidence: string
}

/** `noc torbox leaktest`. */
export interface LeakReport {
  readonly at: number
  readonly tookMs: number
  readonly box: { readonly kind: BoxKind; readonly name: string }
  readonly answer: Answer
  readonly rows: readonly LeakRow[]
  /** What the verdicts rest on, and what limits them. */
  readonly notes: readonly string[]
}

/** `root`: an own network behind the bridge; `user`: made by an ordinary user, without any network but Tor's socket. */
export type BoxKind = 'root' | 'user'

/** One hop of a circuit. */
export interface Relay {
  /** 40 hexadecimal digits. */
  readonly fingerprint: string
  readonly nickname: string | null
  readonly address: string | null
  /** ISO 3166-1, two letters; null when unknown. */
  readonly country: string | null
}

/** A path through Tor, guard first. */
export interface Circuit {
  readonly id: string
  /** As tor says it: `BUILT`, `EXTENDED` ... */
  readonly status: string
  /** `GENERAL`, `HS_CLIENT_REND` ... */
  readonly purpose: string
  readonly relays: readonly Relay[]
}

/** One connection of a boxed program. */
export interface Stream {
  readonly id: string
  readonly status: string
  /** `www.example.org:443`: the name that the box asked for or had looked up, else the address. */
  readonly target: string
  /** What the name turned out to be; null when it is not known, or is the target already. */
  readonly address: string | null
  readonly circuit: string | null
  /** Since when it is known. */
  readonly since: number
  /** From the box's point of view, since it is known; null until tor has told of any. */
  readonly bytesReceived: number | null
  readonly bytesSent: number | null
}

/** Something that a box tried and the guard dropped. */
export interface Dropped {
  /** Name of the box; null when its address belongs to none that runs now. */
  readonly box: string | null
  /** On the bridge; null for a user's box. */
  readonly source: string | null
  /** An address. */
  readonly target: string
  /** What the box had looked up to get it; null when that is not known. */
  readonly name: string | null
  /** `udp`, `icmp` ... */
  readonly protocol: string
  readonly port: number | null
  readonly packets: number
}

/** Packets that were dropped for one reason since the rules were loaded. */
export interface DropReason {
  readonly reason: string
  /** What it means, in words. */
  readonly what: string
  readonly packets: number
}

/** A box and all that it does through Tor. */
export interface BoxView {
  readonly name: string
  readonly kind: BoxKind
  /** Its address on the bridge; null for a user's box. */
  readonly address: string | null
  readonly user: string | null
  /** What runs in it. */
  readonly command: string
  readonly since: number
  readonly streams: readonly Stream[]
  readonly circuits: readonly Circuit[]
  /** All its traffic since it started; null when it can't be read. */
  readonly bytesReceived: number | null
  readonly bytesSent: number | null
}

/** What tor says of itself. */
export type TorState =
  | { readonly state: 'ready'; readonly version: string | null }
  | { readonly state: 'starting'; readonly percent: number; readonly doing: string }
  /** Its control socket can't be used: not running, or not allowed; `why` is a sentence. */
  | { readonly state: 'unreachable'; readonly why: string }

/** `noc torbox circuits`. */
export interface CircuitsReport {
  readonly at: number
  readonly tor: TorState
  readonly boxes: readonly BoxView[]
  /** Connections that were there before tor was listened to, and could be any box's. */
  readonly unassigned: readonly Stream[]
  /** The most first. */
  readonly dropped: readonly Dropped[]
  readonly reasons: readonly DropReason[]
  /** Why the guard of the bridge can't be read; null: it can, or there is none. */
  readonly unread: string | null
}

/** Live topic `torbox`. */
export interface TorboxView extends CircuitsReport {
  readonly answer: Answer
  readonly verdicts: readonly Verdict[]
  readonly leakTest: LeakTestState
  /** Whether the bridge is there: whole, not at all, or without something. */
  readonly setUp: SetUpState
}

/** The daemon's leak tests. */
export interface LeakTestState {
  /** The newest one; null when none was run since the daemon started. */
  readonly last: LeakReport | null
  /** What the one that runs now is doing; null: none runs. */
  readonly doing: string | null
  /** Why the newest one could not be run to its end; null: it could. */
  readonly trouble: string | null
}

/** How the set-up stands; `unknown` for a daemon that is not root. */
export type SetUpState =
  | { readonly state: 'whole' | 'none' | 'unknown' }
  | { readonly state: 'broken'; readonly what: string }
