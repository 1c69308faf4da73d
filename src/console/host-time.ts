/**
 * Times as the host's own clock shows them: a browser elsewhere must not say 14:02 where the host's logs say 12:02.
 */
import { signal, type Signal } from '@preact/signals'
import { clock as localClock } from '#core/units.ts'

const MINUTE = 60_000
/** What to add to a time so that the browser's local getters give the host's wall clock, ms; pages follow it. */
const shift: Signal<number> = signal(0)

/** Takes the host's offset from UTC (minutes, east positive) at the time `at`. */
export function followZone(utcOffset: number, at: number): void {
  shift.value = (utcOffset + new Date(at).getTimezoneOffset()) * MINUTE
}

/** A date whose local getters and setters are those of the host's wall clock. */
export function hostDate(at: number): Date {
  return new Date(at + shift.value)
}

/** Back from a date of `hostDate` to ms since 1970. */
export function fromHostDate(date: Date): number {
  return date.getTime() - shift.value
}

/** `02:14` on the host; with the day when it is not the day of `now`. */
export function clock(at: number, now: number = at): string {
  return localClock(at + shift.value, now + shift.value)
}
