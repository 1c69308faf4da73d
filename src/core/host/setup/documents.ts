/** The set-ups' JSON documents, the same for `--json` and the console. Times are ms since 1970. */
import type { Invert, Outcome, SetupEvent } from './types.ts'

/** One thing that apply would do. */
export interface ChangeDocument {
  readonly id: string
  readonly why: string
  readonly source: string | null
  /** Lines that start with `-`, `+` or a space; empty when it is only reloaded. */
  readonly diff: readonly string[]
  readonly reload: boolean
  /** Why a guard refuses it; null: it doesn't. */
  readonly refused: string | null
  readonly undo: Invert
  /** What undo leaves behind; null: nothing. */
  readonly losses: string | null
}

/** `noc <id> plan --json`, GET /api/setups/:name/plan */
export interface PlanDocument {
  readonly setup: string
  /** To be sent with apply: it names exactly these changes from exactly this state. */
  readonly hash: string
  readonly changes: readonly ChangeDocument[]
}

/** GET /api/setups/:name/undo */
export interface UndoDocument {
  readonly setup: string
  /** To be sent with undo. */
  readonly hash: string
  readonly acts: readonly {
    readonly run: number
    readonly id: string
    /** `same`: it is as it was before already; `conflict`: it would be kept. */
    readonly verdict: 'restore' | 'same' | 'conflict'
    readonly why: string
    readonly diff: readonly string[]
  }[]
}

/** One apply or undo of the past. */
export interface RunDocument {
  readonly run: number
  readonly verb: 'apply' | 'undo'
  readonly actor: string
  readonly at: number
  /** `killed`: it never came to its end. */
  readonly outcome: Outcome | 'killed'
  /** Changes of this run that have not been taken back. */
  readonly standing: number
  readonly acts: readonly { readonly id: string; readonly why: string; readonly diff: readonly string[] }[]
  readonly troubles: readonly { readonly id: string; readonly why: string }[]
}

/** `noc <id> log --json`, GET /api/setups/:name/log; the newest run first. */
export interface LogDocument {
  readonly setup: string
  readonly runs: readonly RunDocument[]
}

/** `noc <id> why --json`: the reasons behind a set-up. */
export interface WhyDocument {
  readonly setup: string
  readonly summary: string
  readonly steps: readonly {
    readonly id: string
    readonly why: string
    readonly source: string | null
    readonly needs: readonly string[]
    readonly notify: readonly string[]
    readonly undo: Invert
    readonly losses: string | null
    readonly probe: string | null
  }[]
}

/** A run that the daemon is carrying out, or the last one; live topic `setups`. */
export interface ProgressDocument {
  readonly setup: string
  readonly running: boolean
  readonly events: readonly SetupEvent[]
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null
}

/** GET /api/setups: one line a set-up. */
export interface SetupDocument {
  readonly name: string
  readonly summary: string
  /** Changes that apply would make; null when it could not be found out. */
  readonly pending: number | null
  /** Why not; else null. */
  readonly error: string | null
  /** Changes that stand and could be undone. */
  readonly standing: number
  readonly last: Pick<RunDocument, 'run' | 'verb' | 'actor' | 'at' | 'outcome'> | null
}

/** GET /api/setups */
export interface SetupList {
  readonly setups: readonly SetupDocument[]
  readonly progress: ProgressDocument | null
}
