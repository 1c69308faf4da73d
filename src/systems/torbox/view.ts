/** The page's answer. Pure. */
import { stopped } from '#core/plain.ts'
import type { Answer } from '#core/http/documents.ts'
import { count } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import type { CircuitsReport, LeakReport, SetUpState } from './wire.ts'
import { boxes as boxesText, torSentence } from './words.ts'

/** What the answer is made from. */
export interface AnswerFacts {
  readonly report: CircuitsReport
  readonly setUp: SetUpState
  readonly leakTest: LeakReport | null
  readonly verdicts: readonly Verdict[]
}

/** What is so, in one sentence, and what it means. */
export function answer({ report, setUp, leakTest, verdicts }: AnswerFacts): Answer {
  const [worst, ...others] = verdicts
  if (worst !== undefined) {
    const more = others.length === 0 ? '' : ` ${others.length} more below.`
    return {
      severity: worst.severity,
      sentence: worst.summary,
      paragraph: `${stopped(worst.evidence)} ${stopped(worst.fix)}${more}`,
    }
  }
  const { boxes, tor } = report
  if (boxes.length === 0) {
    return { severity: 'ok', sentence: 'No box runs.', paragraph: idle(setUp, torSentence(tor)) }
  }
  const through = boxes.length === 1 ? 'through Tor' : boxes.length === 2 ? 'both through Tor' : 'all through Tor'
  return {
    severity: 'ok',
    sentence: `${boxesText(boxes.length)}, ${through}; ${leakSentence(leakTest)}`,
    paragraph: `${connections(report)} ${droppedSentence(report)}`,
  }
}

function idle(setUp: SetUpState, tor: string): string {
  if (setUp.state === 'whole')
    return `The bridge is set up. ${tor} What is started with noc torbox run has no other way out.`
  if (setUp.state === 'none') {
    return 'Users can have boxes as soon as a tor runs here; for boxes of root there is a set-up to be applied.'
  }
  return tor
}

function leakSentence(test: LeakReport | null): string {
  if (test === null) return 'not tested yet.'
  // A leak has a verdict, which stands before this.
  return test.answer.severity === 'ok' ? 'nothing leaked.' : 'the leak test could not be run.'
}

function connections({ boxes }: CircuitsReport): string {
  const streams = boxes.reduce((sum, box) => sum + box.streams.length, 0)
  const circuits = new Set(boxes.flatMap((box) => box.circuits.map((circuit) => circuit.id))).size
  if (streams === 0) return 'No connection is open.'
  return `${count(streams)} ${streams === 1 ? 'connection' : 'connections'} over ${count(circuits)} ${circuits === 1 ? 'circuit' : 'circuits'}.`
}

function droppedSentence({ dropped, unread }: CircuitsReport): string {
  if (unread !== null) return `What was dropped is not known: ${unread}`
  const packets = dropped.reduce((sum, one) => sum + one.packets, 0)
  if (packets === 0) return 'None has tried to get past it.'
  return packets === 1
    ? '1 packet that Tor does not carry was dropped.'
    : `${count(packets)} packets that Tor does not carry were dropped.`
}
