/** What the home page says, made from the alerts and the systems' states. Pure. */
import { stopped } from '#core/plain.ts'
import type { Alert } from '#core/alerts/types.ts'
import type { Answer, SystemState } from '#core/http/documents.ts'
import type { Severity } from '#core/verdict.ts'

const HOUR_MS = 3_600_000
const NIGHT_FROM_HOUR = 20
const NIGHT_HOURS = 10

const NUMBERS = [
  'No',
  'One',
  'Two',
  'Three',
  'Four',
  'Five',
  'Six',
  'Seven',
  'Eight',
  'Nine',
  'Ten',
  'Eleven',
  'Twelve',
]

function spelled(n: number): string {
  return NUMBERS[n] ?? String(n)
}

/** From 20:00 to 06:00 local time when `now` lies between them, else the last 24 hours. */
export function nightWindow(now: number): { readonly from: number; readonly to: number } {
  const start = new Date(now)
  if (start.getHours() < NIGHT_FROM_HOUR) start.setDate(start.getDate() - 1)
  start.setHours(NIGHT_FROM_HOUR, 0, 0, 0)
  const end = new Date(start)
  end.setHours(NIGHT_FROM_HOUR + NIGHT_HOURS)
  if (now < end.getTime()) return { from: start.getTime(), to: end.getTime() }
  return { from: now - 24 * HOUR_MS, to: now }
}

/** Alerts that want somebody: open and not acknowledged. */
export function waiting(alerts: readonly Alert[]): readonly Alert[] {
  return alerts.filter((alert) => alert.cleared === null && alert.acknowledged === null)
}

/** The worst severity among alerts; null when there is none. */
export function worst(alerts: readonly Alert[]): Severity | null {
  if (alerts.some((alert) => alert.severity === 'critical')) return 'critical'
  return alerts.length > 0 ? 'warning' : null
}

function brokenAnswer(broken: readonly SystemState[], rest: readonly Alert[]): Answer {
  const [first] = broken
  const down = broken.some((system) => system.health.state === 'down')
  const why = broken.map(({ id, health }) =>
    ('why' in health ? [`${id}: ${health.why}`, health.fix ?? ''] : []).map(stopped).join(' ').trim(),
  )
  const what =
    broken.length === 1
      ? `The system ${first?.id} ${down ? 'is down' : 'runs with a fault'}`
      : `${spelled(broken.length)} systems don't work as they should`
  const more =
    rest.length === 0
      ? '.'
      : `, and ${spelled(rest.length).toLowerCase()} ${rest.length === 1 ? 'thing waits' : 'things wait'} for you.`
  return { severity: down ? 'critical' : 'warning', sentence: `${what}${more}`, paragraph: why.join(' ') }
}

/** What the systems with open alerts say of themselves, the one with the worst first. */
function concerned(open: readonly Alert[], systems: readonly SystemState[]): string {
  const ids = [...new Set(open.map((alert) => alert.system))]
  return ids.flatMap((id) => systems.find((system) => system.id === id)?.glance?.sentence ?? []).join(' ')
}

/** Is anything wrong tonight? One sentence, one paragraph. `daytime` only chooses the word. */
export function answerFor(alerts: readonly Alert[], systems: readonly SystemState[], now: number): Answer {
  const open = waiting(alerts)
  const broken = systems.filter((system) => system.health.state === 'down' || system.health.state === 'degraded')
  if (broken.length > 0) return brokenAnswer(broken, open)
  const hour = new Date(now).getHours()
  const night = hour >= NIGHT_FROM_HOUR || hour < NIGHT_FROM_HOUR + NIGHT_HOURS - 24
  const severity = worst(open)
  if (severity === null) {
    const up = systems.filter((system) => system.health.state === 'up').length
    const known = alerts.length === 0 ? 'nothing waits for you' : 'what is open is acknowledged'
    const systemsUp = `${spelled(up)} ${up === 1 ? 'system' : 'systems'} up`
    return {
      severity: 'ok',
      sentence: `Quiet ${night ? 'night' : 'day'}. ${systemsUp}, ${known}.`,
      paragraph: systems.flatMap((system) => system.glance?.sentence ?? []).join(' '),
    }
  }
  const needs = open.length === 1 ? 'thing needs' : 'things need'
  const when = night ? 'tonight' : 'today'
  return {
    severity,
    sentence: `${spelled(open.length)} ${needs} you ${when}. The rest is quiet.`,
    paragraph: concerned(open, systems),
  }
}
