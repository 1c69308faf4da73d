/** The beginning of a consensus: what it is, when it holds, what is said of all relays, who voted. Source: dir-spec 3.4.1. */
import { readVoter } from './consensus-voter.ts'
import { parseNumbers, parseTime, parseUint } from './lexer-fields.ts'
import { type Lexer, argumentText, argumentWords, expectNoObject, fail, ignoreUnknown, step } from './lexer.ts'
import type { Consensus, Flavour, VoteSource } from './types.ts'

/** Source: tor, MAX_KNOWN_FLAGS_IN_VOTE. */
const MAX_KNOWN_FLAGS = 64
/** There are nine. */
const MAX_VOTERS = 64

/** Lines that are there at most once; what of them is read is in `interpret`. */
const ONCE = new Set([
  'vote-status',
  'consensus-method',
  'valid-after',
  'fresh-until',
  'valid-until',
  'voting-delay',
  'client-versions',
  'server-versions',
  'known-flags',
  'recommended-client-protocols',
  'recommended-relay-protocols',
  'required-client-protocols',
  'required-relay-protocols',
  'params',
  'shared-rand-previous-value',
  'shared-rand-current-value',
])

type Preamble = Omit<Consensus, 'relays' | 'bandwidthWeights' | 'signatures' | 'signed'>
/** Arguments of a line and where they are. */
interface Line {
  readonly text: string
  readonly at: number
}

/** Reads up to the first relay, or the footer; the lexer stands there then. */
export function readPreamble(lx: Lexer): Preamble {
  const flavour = readFlavour(lx)
  const lines = new Map<string, Line>()
  const voters: VoteSource[] = []
  while (lx.keyword !== 'r' && lx.keyword !== 'directory-footer') {
    if (lx.keyword === 'dir-source') {
      if (voters.length === MAX_VOTERS) fail(lx, `more than ${MAX_VOTERS} authorities voted`)
      voters.push(readVoter(lx))
      continue
    }
    if (!ONCE.has(lx.keyword)) ignoreUnknown(lx)
    else if (lines.has(lx.keyword)) fail(lx, `there is a second ${lx.keyword} line`)
    else {
      expectNoObject(lx)
      lines.set(lx.keyword, { text: argumentText(lx), at: lx.args })
    }
    step(lx)
  }
  return { flavour, ...interpret(lx, lines), voters }
}

function readFlavour(lx: Lexer): Flavour {
  step(lx)
  const [version, flavour = 'ns'] = lx.keyword === 'network-status-version' ? argumentWords(lx) : []
  if (version !== '3') fail(lx, 'this is no consensus: the first line is not "network-status-version 3"')
  if (flavour !== 'ns' && flavour !== 'microdesc')
    fail(lx, `nobody knows the flavour ${JSON.stringify(flavour)}`, lx.args)
  expectNoObject(lx)
  step(lx)
  return flavour
}

function interpret(lx: Lexer, lines: ReadonlyMap<string, Line>): Omit<Preamble, 'flavour' | 'voters'> {
  /** The line, read by `parse`, which answers null to what is wrong; a missing line is `absent`, or refused. */
  const read = <T>(keyword: string, parse: (text: string) => T | null, absent?: T): T => {
    const line = lines.get(keyword)
    if (line === undefined) return absent ?? fail(lx, `there is no ${keyword} line before this`)
    return parse(line.text) ?? fail(lx, `the ${keyword} line is not as it should be`, line.at)
  }
  read('vote-status', (text) => (text === 'consensus' ? true : null))
  read('voting-delay', (text) => (/^\d{1,9} \d{1,9}$/.test(text) ? true : null))
  const validAfter = read('valid-after', parseTime)
  const freshUntil = read('fresh-until', (text) => later(parseTime(text), validAfter))
  return {
    method: read('consensus-method', (text) => parseUint(text), 1),
    validAfter,
    freshUntil,
    validUntil: read('valid-until', (text) => later(parseTime(text), freshUntil)),
    clientVersions: read('client-versions', versions, []),
    serverVersions: read('server-versions', versions, []),
    knownFlags: read('known-flags', flags),
    params: read('params', (text) => parseNumbers(words(text)), {}),
  }
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

function later(time: number | null, than: number): number | null {
  return time !== null && time > than ? time : null
}

function versions(text: string): readonly string[] | null {
  const list = text.split(',').filter((version) => version !== '')
  return list.some((version) => version.includes(' ')) ? null : list
}

function flags(text: string): readonly string[] | null {
  const list = words(text)
  const isWrong = list.length > MAX_KNOWN_FLAGS || new Set(list).size < list.length
  return isWrong || !list.every((flag) => /^[A-Za-z0-9]{1,32}$/.test(flag)) ? null : list
}
