/** How a system stands, as plain JSON: the terminal, the API and the console share it. */
import type { Severity } from './verdict.ts'

/** The four wings of the toolbox, in the order in which help and console show them. */
export type Wing = 'watch' | 'serve' | 'protect' | 'world'

/** Whether a system does its work. Everything but `up` says why, and how to mend it where we know. */
export type Health =
  | { readonly state: 'up' | 'starting' }
  | { readonly state: 'degraded' | 'down'; readonly why: string; readonly fix?: string }

/** One figure for the home page. */
export interface Stat {
  readonly label: string
  readonly value: string
  readonly unit: string
  /** One short line under the figure. */
  readonly note: string
  /** Name of the series to draw under it. */
  readonly series?: string
  /** Set when the figure itself is the finding. */
  readonly severity?: Severity
}

/** What a running system says of itself on the home page and in `noc status`. */
export interface Glance {
  /** One sentence: how things are, with the figure that matters. */
  readonly sentence: string
  readonly stats: readonly Stat[]
}
