/** What fetching works with and what it tells. Plain data. */
import type { Clock } from '#core/clock.ts'
import type { Verification } from '#proto/tordir/types.ts'
import type { TormapConfig } from '../config.ts'
import type { Limits } from './request.ts'

/** Somebody who would be asked, in the words that the operator sees before anything is sent. */
export interface Contact {
  readonly nickname: string
  /** `192.0.2.1:80`, a folder, or a host. */
  readonly address: string
  /** `directly`, or the SOCKS port. */
  readonly through: string
}

/** The documents of one hour as bytes, not yet parsed. */
export interface Documents {
  /** A consensus of either flavour, or Onionoo's JSON. */
  readonly consensus: Uint8Array
  readonly certificates: readonly Uint8Array[]
  readonly microdescriptors: readonly Uint8Array[]
  readonly descriptors: readonly Uint8Array[]
}

/** Steps of a fetch as they happen; `noc tormap fetch --json` writes them one a line. */
export type FetchEvent =
  | { readonly event: 'contacts'; readonly contacts: readonly Contact[] }
  | { readonly event: 'asking'; readonly what: string; readonly contact: Contact }
  | { readonly event: 'got'; readonly what: string; readonly contact: Contact; readonly bytes: number }
  | { readonly event: 'failed'; readonly what: string; readonly contact: Contact; readonly why: string }
  | { readonly event: 'progress'; readonly what: string; readonly done: number; readonly of: number }
  | { readonly event: 'note'; readonly text: string }

/** All that fetching is given. */
export interface FetchContext {
  readonly config: TormapConfig
  /** Where the documents are kept (`fetchFolder`). */
  readonly folder: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long each source is waited for. */
  readonly limits?: Limits
  /** Ask even though the consensus at hand is still fresh. */
  readonly force?: boolean
  readonly onEvent?: (event: FetchEvent) => void
}

/** What there is after a fetch. */
export interface Fetched {
  readonly documents: Documents
  /** ms since 1970. */
  readonly validAfter: number
  readonly verification: Verification
  /** False: nobody has a newer one than what was there. */
  readonly isNew: boolean
  /** Only the difference to the one before was sent. */
  readonly isDiff: boolean
  /** Who gave the consensus; null when it was there. */
  readonly from: Contact | null
  /** Descriptors that the consensus names and nobody had. */
  readonly missing: number
}
