/** The error of a directory document that is not as the specification says. */
import { exitCode, NocError } from '#core/errors.ts'

/** Where in a document: a line (1-based) and the offset of a byte in it. */
export interface Position {
  readonly line: number
  readonly offset: number
}

/** A document of the Tor directory was refused: what is wrong with it, and where. */
export class TordirError extends NocError {
  /** 1-based. */
  readonly line: number
  /** Bytes from the document's beginning. */
  readonly offset: number

  constructor(
    what: string,
    { line, offset }: Position,
    hint = 'fetch the document again; it may have been cut or changed',
  ) {
    super('NOC_TORDIR_MALFORMED', `${what} (line ${line}, byte ${offset})`, { hint, exit: exitCode.usage })
    this.line = line
    this.offset = offset
  }
}
