import type { Answer } from '#core/http/documents.ts'
import type { LeakRow } from '../wire.ts'
import { list, plural } from './evidence.ts'

/** Share of the rows that must pass before the absence of leaks means anything. */
const LEAST = 0.25

/** What the whole test comes to, in one sentence. */
export function answerOf(rows: readonly LeakRow[]): Answer {
  const leaks = rows.filter((row) => row.leak)
  const failed = rows.filter((row) => row.result === 'fail' && !row.leak)
  const passed = rows.filter((row) => row.result === 'pass')
  const unaskedRows = rows.filter((row) => row.result === 'not-applicable')
  const rest = unaskedRows.length === 0 ? '' : ` ${unaskedRows.length} could not be asked here.`
  if (leaks.length > 0) {
    const names = list(leaks.map((row) => row.name))
    return {
      severity: 'critical',
      sentence: leaks.length === 1 ? `The box leaks: ${names}.` : `The box leaks in ${leaks.length} ways.`,
      paragraph: `${leaks.length === 1 ? (leaks[0]?.evidence ?? '') : names}.${rest}`,
    }
  }
  if (failed.length > 0) {
    return {
      severity: 'warning',
      sentence: 'Nothing leaked, but the box does not work.',
      paragraph: `${list(failed.map((row) => `${row.name}: ${row.evidence}`))}.${rest}`,
    }
  }
  if (passed.length < LEAST * rows.length) {
    const [first] = unaskedRows
    return {
      severity: 'warning',
      sentence: 'The leak test could not be run.',
      paragraph: `Only ${plural(passed.length, 'probe')} of ${rows.length} could be asked: ${first?.evidence ?? ''}.`,
    }
  }
  return {
    severity: 'ok',
    sentence: 'Nothing leaked.',
    paragraph: `${plural(passed.length, 'probe')} passed.${rest}`,
  }
}
