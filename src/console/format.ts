/** How the console writes what it was given: names from outside, times, lengths of time. Pure. */
import { plain } from '#core/plain.ts'
import { duration, rate, type Quantity } from '#core/units.ts'
import { clock, hostDate } from './host-time.ts'

/** A name from outside, with visible marks for characters that would hide or reorder. */
export const visible: (text: string) => string = plain

/** Events per second, always with one decimal below 100, so that figures don't change their width as they live. */
export function steadyRate(perSecond: number): Quantity {
  const { value, unit } = rate(perSecond)
  return { value: /^[1-9]\d?$/.test(value) ? `${value}.0` : value, unit }
}

/** `41 min`, `5.2 h`: a length of time in ms. */
export function span(ms: number): string {
  const { value, unit } = duration(Math.max(0, ms))
  return `${value} ${unit}`
}

const HOUR = 3_600_000
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

/** `23:04` within the last 20 hours (in a night nobody mistakes it), `Fri 23:04` within six days, else with the date. */
export function moment(at: number, now: number): string {
  if (Math.abs(now - at) < 20 * HOUR) return clock(at)
  if (Math.abs(now - at) < 6 * 24 * HOUR) return `${WEEKDAYS[hostDate(at).getDay()]} ${clock(at)}`
  return clock(at, now)
}

/** `02:14:07` */
export function seconds(at: number): string {
  return `${clock(at)}:${String(hostDate(at).getSeconds()).padStart(2, '0')}`
}

/** `apache2`, `192.0.2.7:80`, `[2001:db8::1]:80`; without a port just the address. */
export function endpoint(ip: string, port: number | null): string {
  if (port === null) return ip
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

/** A text of several words: harmless, and arrows drawn as such. */
export function prose(text: string): string {
  return visible(text).replaceAll(' -> ', ' → ').replaceAll(' <- ', ' ← ')
}

/** A remark with a full stop at the end; the first word stays as it is, it may be a name. */
export function sentence(text: string): string {
  const safe = prose(text)
  return /[.!?…:]$/.test(safe) ? safe : `${safe}.`
}

/** `1 socket`, `111 sockets`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} ${count === 1 ? one : many}`
}
