import { endpoint } from './socket.ts'
import type { ProbeResult } from './wire.ts'
import { timeText } from './words.ts'

/** What a remote does. */
export type ProbeOutcome = ProbeResult['outcome']
/** One try of a probe. */
export type ProbeTry = ProbeResult['tries'][number]

/** The worst first: what one try shows is true of the remote, even when others went well. */
const WORST = ['hangs', 'timeout', 'unreachable', 'refused', 'answers'] as const

const WORDS: Readonly<Record<ProbeOutcome, string>> = {
  hangs: 'accepts and hangs',
  timeout: 'does not reply to the connect',
  unreachable: 'can not be reached',
  refused: 'refuses',
  answers: 'answers',
}

/** The outcome of all tries together, and one sentence. */
export function summarize(
  host: string,
  port: number,
  tries: readonly ProbeTry[],
): Pick<ProbeResult, 'outcome' | 'summary'> {
  const outcome = WORST.find((one) => tries.some((entry) => entry.outcome === one)) ?? 'unreachable'
  const those = tries.filter((entry) => entry.outcome === outcome)
  const share = those.length === tries.length ? '' : ` in ${those.length} of ${tries.length} tries`
  const [first] = those
  const how = first === undefined ? [] : tryParts(first)
  // What an answer said is shown by itself.
  const parts = outcome === 'answers' ? how.slice(0, -1) : how
  return { outcome, summary: `${endpoint(host, port)} ${WORDS[outcome]}${share}: ${parts.join(', ')}.` }
}

/** What happened in one try, in order. */
export function tryParts({ connectMs, firstByteMs, detail }: ProbeTry): string[] {
  return [
    ...(connectMs === null ? [] : [`connected in ${milliseconds(connectMs)}`]),
    ...(firstByteMs === null ? [] : [`first byte after ${milliseconds(firstByteMs)}`]),
    detail,
  ]
}

/** Below 10 ms one decimal tells a local network from a far one. */
function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : timeText(ms)
}
