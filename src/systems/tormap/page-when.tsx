import { clock, hostDate } from '../../console/host-time.ts'

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** `2026-11-22 02:00 UTC`: the name that everybody has for an hour of the network. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `Sun 22 Nov 2026 04:00` by the host's clock; with UTC behind it where the two differ. */
export function hourWords(at: number): string {
  const date = hostDate(at)
  const time = clock(at)
  const day = `${WEEKDAYS[date.getDay()]} ${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`
  const universal = new Date(at).toISOString().slice(11, 16)
  return `${day} ${time}${time === universal ? ' UTC' : ` (${universal} UTC)`}`
}

/** The same in the middle of a sentence: `on 22 Nov 2026 at 04:00`. */
export function onHour(at: number): string {
  return `on ${hourWords(at)
    .slice(4)
    .replace(/ (?=\d\d:)/, ' at ')}`
}
