/** Reads a consensus of either flavour. Source: dir-spec 3.4. Strict, linear in the document's size, without judgement. */
import { readFooter } from './consensus-footer.ts'
import { readPreamble } from './consensus-preamble.ts'
import { readRelays } from './consensus-relay.ts'
import { lexer } from './lexer.ts'
import type { Consensus } from './types.ts'

/** What CollecTor writes before a document that it archives. */
const ANNOTATION = '@type network-status-'

/** Reads a whole consensus; throws a TordirError when it is not one. Nothing is verified: see `verifyConsensus`. */
export function parseConsensus(bytes: Uint8Array): Consensus {
  const start = annotationLength(bytes)
  const lx = lexer(bytes, start)
  const preamble = readPreamble(lx)
  const relays = readRelays(lx, preamble.flavour, preamble.knownFlags)
  const { signedEnd, ...footer } = readFooter(lx)
  return { ...preamble, relays, ...footer, signed: { start, end: signedEnd } }
}

function annotationLength(bytes: Uint8Array): number {
  const isAnnotated = ANNOTATION === String.fromCharCode(...bytes.subarray(0, ANNOTATION.length))
  return isAnnotated ? bytes.indexOf(10) + 1 : 0
}
