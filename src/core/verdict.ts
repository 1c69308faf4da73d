/** How much a finding matters: `warning` wants a look tonight, `critical` wants it now. */
export type Severity = 'warning' | 'critical'

/**
 * A system's judgement over what it measured: the product of every page and command.
 * Plain JSON; the same object in the terminal, `--json`, the API and the alert.
 */
export interface Verdict {
  /** Same trouble, same key, over time and restarts: `hang:apache2:192.0.2.1:80`. */
  readonly key: string
  readonly severity: Severity
  /** One sentence: what is so. */
  readonly summary: string
  /** The figures it rests on, one or two lines. */
  readonly evidence: string
  /** What to do, one sentence. */
  readonly fix: string
  /** Exact commands that do it, ready to copy; empty when there is none. */
  readonly commands: readonly string[]
}
