/** The end of a consensus: weights and signatures. Source: dir-spec 3.4.1. What follows the signed part decides nothing. */
import { parseNumbers } from './lexer-fields.ts'
import {
  type Lexer,
  advance,
  argumentText,
  argumentWords,
  expectNoObject,
  fail,
  ignoreUnknown,
  objectBytes,
  step,
} from './lexer.ts'
import type { Consensus, DirectorySignature } from './types.ts'

/** There are nine, and each signs once. */
const MAX_SIGNATURES = 64
const SIGNATURE = 'directory-signature'

type Footer = Pick<Consensus, 'bandwidthWeights' | 'signatures'> & { readonly signedEnd: number }

/** Reads to the document's end. The lexer stands at `directory-footer`. */
export function readFooter(lx: Lexer): Footer {
  if (argumentText(lx) !== '') fail(lx, 'directory-footer has arguments', lx.args)
  expectNoObject(lx)
  let bandwidthWeights: Readonly<Record<string, number>> | null = null
  for (step(lx); lx.keyword !== SIGNATURE; step(lx)) {
    if (lx.keyword === 'directory-footer' || lx.keyword === 'r') fail(lx, `behind the footer there is ${lx.keyword}`)
    if (lx.keyword !== 'bandwidth-weights') ignoreUnknown(lx)
    else {
      if (bandwidthWeights !== null) fail(lx, 'there is a second bandwidth-weights line')
      expectNoObject(lx)
      bandwidthWeights = parseNumbers(argumentWords(lx)) ?? fail(lx, 'the bandwidth-weights are not valid', lx.args)
    }
  }
  // The space behind the keyword is signed as well.
  const signedEnd = lx.args
  return { bandwidthWeights: bandwidthWeights ?? {}, signatures: readSignatures(lx), signedEnd }
}

function readSignatures(lx: Lexer): readonly DirectorySignature[] {
  const signatures: DirectorySignature[] = []
  do {
    if (lx.keyword === SIGNATURE) signatures.push(readSignature(lx))
    else if (lx.keyword === 'r' || lx.keyword === 'directory-footer')
      fail(lx, `behind a signature there is ${lx.keyword}`)
    else ignoreUnknown(lx)
    if (signatures.length > MAX_SIGNATURES) fail(lx, `there are more than ${MAX_SIGNATURES} signatures`)
  } while (advance(lx))
  return signatures
}

/** One space between the words and upper-case digits only: no signature can be written in two ways. */
const WORDS = /^(?:([a-z][a-z0-9-]{0,31}) )?([0-9A-F]{40}) ([0-9A-F]{40})(?: |$)/

function readSignature(lx: Lexer): DirectorySignature {
  const [, algorithm = 'sha1', identity, signingKeyDigest] = WORDS.exec(argumentText(lx)) ?? []
  if (identity === undefined || signingKeyDigest === undefined || lx.args - lx.offset !== SIGNATURE.length + 1) {
    return fail(lx, 'the signature does not say whose it is')
  }
  return { algorithm, identity, signingKeyDigest, signature: objectBytes(lx, 'SIGNATURE') }
}
