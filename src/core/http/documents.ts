/** The house's own JSON documents, as the console and `noc status --json` see them. Times are ms since 1970. */
import type { NightEvent, Alert } from '../alerts/types.ts'
import type { Glance, Health, Wing } from '../glance.ts'
import type { Severity } from '../verdict.ts'

/** The answer of a page: one sentence, one paragraph, and how much it matters. */
export interface Answer {
  readonly severity: Severity | 'ok'
  readonly sentence: string
  readonly paragraph: string
}

/** One system as the rail, the home page and `noc status` show it. */
export interface SystemState {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly wing: Wing
  readonly health: Health | { readonly state: 'off' }
  readonly glance: Glance | null
  /** Open alerts of this system that nobody acknowledged. */
  readonly alerts: number
  /** The worst of them. */
  readonly severity: Severity | null
}

/** GET /api/tonight and live topic `tonight`: is anything wrong tonight? */
export interface Tonight {
  readonly at: number
  readonly host: string
  /** Minutes that the host's clock is ahead of UTC; every time in a sentence is of that clock. */
  readonly utcOffset: number
  readonly version: string
  /** When this daemon started. */
  readonly started: number
  /** When this machine started. */
  readonly booted: number
  readonly answer: Answer
  /** Open alerts, the worst and newest first. */
  readonly findings: readonly Alert[]
  /** 20:00 to 06:00 around now; by day the last 24 hours. */
  readonly night: { readonly from: number; readonly to: number; readonly events: readonly NightEvent[] }
  readonly systems: readonly SystemState[]
  /** What the daemon itself costs: CPU share of one core over the last minute (0..1), resident bytes. */
  readonly cost: { readonly cpu: number; readonly memory: number }
}

/** GET /api/alerts */
export interface AlertList {
  readonly alerts: readonly Alert[]
}

/** GET /api/commands: what the palette offers, made from the same manifests as `noc --help`. */
export interface CommandList {
  readonly commands: readonly {
    readonly line: string
    readonly summary: string
    readonly system: string
  }[]
}
