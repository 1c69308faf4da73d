/**
 * Exit codes, the same for every command.
 * `found`: the answer is no, or something was found. `usage`: wrong flags, config or input.
 * `unable`: could not (permission, peer, I/O).
 */
export const exitCode = { ok: 0, found: 1, usage: 2, unable: 3, interrupted: 130 } as const

/** What went wrong, in words for the operator; `exit` is the process's exit code. */
export interface NocErrorDetails {
  /** What to do about it, one sentence. */
  readonly hint?: string
  readonly cause?: unknown
  /** `exitCode.usage` for anything the operator wrote wrongly; default `exitCode.unable`. */
  readonly exit?: number
}

/** An error with an answer: what, why, what to do. Everything a user meets is one of these; anything else is a bug. */
export class NocError extends Error {
  override readonly name = 'NocError'
  /** Stable, for scripts: `NOC_<WHERE>_<WHAT>`. */
  readonly code: `NOC_${string}`
  readonly hint: string | undefined
  readonly exit: number

  constructor(code: `NOC_${string}`, message: string, details: NocErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.exit = details.exit ?? exitCode.unable
  }
}

/** A NocError as data, on its way to another thread or process. */
export type ErrorData = Pick<NocError, 'code' | 'message' | 'exit'> & Pick<NocErrorDetails, 'hint'>

/** What crosses; the cause stays behind. */
export function errorData({ code, message, hint, exit }: NocError): ErrorData {
  return { code, message, exit, ...(hint === undefined ? {} : { hint }) }
}

/** The error on the other side. */
export function errorOf({ code, message, ...details }: ErrorData): NocError {
  return new NocError(code, message, details)
}

/** The `code` of a Node system error (`ENOENT`, `EACCES` ...), if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** One line that says what failed, for logs and for `why` fields; never a stack trace. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
