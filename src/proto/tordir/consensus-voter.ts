/** The authorities that voted: `dir-source` and the two lines behind it. Source: dir-spec 3.4.1. */
import { isFingerprint, isIpv4, parsePort } from './lexer-fields.ts'
import {
  type Lexer,
  argumentText,
  argumentUtf8,
  argumentWords,
  expectKeyword,
  expectNoObject,
  fail,
  step,
} from './lexer.ts'
import type { VoteSource } from './types.ts'

/** Ends the nickname of an entry for an old key of an authority, which has no further lines. */
const LEGACY = '-legacy'
const BEHIND = 'a dir-source is followed by contact and vote-digest, not by this'

/** Reads one; the lexer stands behind it then. */
export function readVoter(lx: Lexer): VoteSource {
  const source = readSource(lx)
  step(lx)
  if (source.nickname.endsWith(LEGACY) && lx.keyword !== 'contact') return { ...source, contact: '' }
  expectKeyword(lx, 'contact', BEHIND)
  expectNoObject(lx)
  const contact = argumentUtf8(lx)
  step(lx)
  expectKeyword(lx, 'vote-digest', BEHIND)
  expectNoObject(lx)
  if (!isFingerprint(argumentText(lx))) fail(lx, 'the digest of the vote is not valid', lx.args)
  step(lx)
  return { ...source, contact }
}

function readSource(lx: Lexer): Omit<VoteSource, 'contact'> {
  const [nickname = '', identity = '', host = '', address = '', dir = '', or = ''] = argumentWords(lx)
  const [dirPort, orPort] = [parsePort(dir), parsePort(or)]
  const refuse = (what: string): never => fail(lx, `the authority's ${what} is not valid`, lx.args)
  expectNoObject(lx)
  if (!/^[A-Za-z0-9]{1,19}(?:-legacy)?$/.test(nickname)) return refuse('nickname')
  if (!isFingerprint(identity)) return refuse('identity')
  if (!/^[\w.:[\]-]{1,255}$/.test(host)) return refuse('host name')
  if (!isIpv4(address)) return refuse('address')
  if (dirPort === null) return refuse('port for the directory')
  if (orPort === null) return refuse('port for circuits')
  return { nickname, identity, host, address, dirPort, orPort }
}
