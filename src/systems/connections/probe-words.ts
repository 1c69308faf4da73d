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
  const where = endpoint(host, port)
  const share = those.length === tries.length ? '' : ` in ${those.length} of ${tries.length} tries`
  const connect = those.map((entry) => entry.connectMs).find((ms) => ms !== null)
  const accepted = connect === undefined ? '' : `; connected in ${milliseconds(connect)}`
  const byte = those.map((entry) => entry.firstByteMs).find((ms) => ms !== null)
  const answered = byte === undefined ? '' : `, first byte after ${milliseconds(byte)}`
  const detail = outcome === 'answers' ? '' : `; ${those[0]?.detail ?? ''}`
  return { outcome, summary: `${where} ${WORDS[outcome]}${share}${accepted}${answered}${detail}.` }
}

/** Below 10 ms one decimal tells a local network from a far one. */
export function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : timeText(ms)
}
