/** The page's answer and the glance of the home page. Pure. */
import type { Glance } from '#core/glance.ts'
import type { Answer } from '#core/http/documents.ts'
import { count } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import type { HourWire } from './wire.ts'
import { headline, timeText, verifiedText } from './words.ts'

/** What there is while nothing is. */
const NO_MAP: Answer = {
  severity: 'ok',
  sentence: 'There is no map yet.',
  paragraph: 'The sample is being made; a real consensus comes with the button below or with noc tormap fetch.',
}

/** What is so, in one sentence, and what it means. */
export function answer(hour: HourWire | null, findings: readonly Verdict[]): Answer {
  if (hour === null) return NO_MAP
  const sentence = headline(hour)
  if (hour.sample) {
    return {
      severity: 'ok',
      sentence,
      paragraph:
        'None of these relays exists: they show what the map looks like. Fetch a consensus with the button below or with noc tormap fetch; noc tormap fetch --dry-run says who would be asked.',
    }
  }
  const [worst, ...others] = findings
  if (worst !== undefined) {
    const more = others.length === 0 ? '' : ` ${others.length} more below.`
    return {
      severity: worst.severity,
      sentence: worst.summary,
      paragraph: `${worst.evidence} ${worst.fix}${more} ${verifiedText(hour.verified)}`,
    }
  }
  return {
    severity: hour.verified.state === 'good' ? 'ok' : 'warning',
    sentence,
    paragraph: `${verifiedText(hour.verified)} ${placedText(hour)}`,
  }
}

function placedText({ placed, geo, relays }: HourWire): string {
  if (geo === null) return 'No database of places is installed: nothing can be drawn.'
  const unplaced = placed.unplaced === 0 ? '' : `, ${count(placed.unplaced)} nowhere`
  return `${count(placed.city)} of ${count(relays)} are placed by city, ${count(placed.country)} by country only${unplaced}; by ${geo.name}.`
}

/** For the home page. */
export function glance(hour: HourWire | null, findings: readonly Verdict[]): Glance {
  if (hour === null) return { sentence: NO_MAP.sentence, stats: [] }
  if (hour.sample) return { sentence: 'No consensus yet: the map shows a sample.', stats: [] }
  const [worst] = findings
  const { original } = hour.classes
  const exits = original.exit + original.exitFast
  return {
    sentence: answer(hour, findings).sentence,
    stats: [
      {
        label: 'Relays',
        value: count(hour.relays),
        unit: 'relays',
        note: `${count(exits)} exits; ${timeText(hour.validAfter)}`,
        series: 'tormap.relays',
        ...(worst === undefined ? {} : { severity: worst.severity }),
      },
    ],
  }
}
