/**
 * Figures as people read them. Pure and free of imports: the terminal and the console share it,
 * so that 48.2 k/s is 48.2 k/s everywhere.
 */

/** A figure and its unit, kept apart so that the unit can be drawn small. */
export interface Quantity {
  readonly value: string
  readonly unit: string
}

const DECIMAL = ['', 'k', 'M', 'G', 'T'] as const
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Three significant digits at most, no exponent: 0, 0.42, 9.8, 41.1, 312. */
function digits(value: number): string {
  if (value === 0) return '0'
  if (value < 0.995) return value.toFixed(2)
  if (value < 99.95) return value.toFixed(1).replace(/\.0$/, '')
  return value.toFixed(0)
}

function scaled(value: number, base: number, steps: readonly string[]): { value: string; step: string } {
  let rest = Math.abs(value)
  let index = 0
  while (rest >= base * 0.99995 && index < steps.length - 1) {
    rest /= base
    index += 1
  }
  return { value: (value < 0 ? '-' : '') + digits(rest), step: steps[index] ?? '' }
}

/** Events per second: 48,200 -> `48.2` `k/s`. */
export function rate(perSecond: number): Quantity {
  const { value, step } = scaled(perSecond, 1000, DECIMAL)
  return { value, unit: `${step}/s` }
}

/** Bytes, in powers of 1024. */
export function bytes(count: number): Quantity {
  const { value, step } = scaled(count, 1024, BINARY)
  return { value, unit: step }
}

/** A whole number with thousands separators: 1,204. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A share 0..1 as `98 %`; below 10 % one decimal. */
export function percent(share: number): string {
  const value = share * 100
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`
}

/** A length of time in its largest fitting unit: 850 ms, 42 s, 41 min, 5.2 h, 41 d. */
export function duration(ms: number): Quantity {
  const seconds = ms / 1000
  if (seconds < 1) return { value: ms.toFixed(0), unit: 'ms' }
  if (seconds < 90) return { value: seconds.toFixed(0), unit: 's' }
  if (seconds < 90 * 60) return { value: (seconds / 60).toFixed(0), unit: 'min' }
  if (seconds < 48 * 3600) return { value: digits(seconds / 3600), unit: 'h' }
  return { value: (seconds / 86_400).toFixed(0), unit: 'd' }
}

/** `48.2 k/s`: a quantity in one string. */
export function text(quantity: Quantity): string {
  return `${quantity.value} ${quantity.unit}`
}

/** Local wall-clock time of `at` (ms since 1970): `02:14`, or with the day when it is not the day of `now`. */
export function clock(at: number, now: number = at): string {
  const date = new Date(at)
  const time = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
  if (new Date(now).toDateString() === date.toDateString()) return time
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')} ${time}`
}

/** Keeps both ends of a long name: `very-long…queue-7`; at most `width` characters. */
export function middle(name: string, width: number): string {
  if (name.length <= width) return name
  if (width <= 1) return name.slice(0, width)
  const head = Math.ceil((width - 1) / 2)
  return `${name.slice(0, head)}…${name.slice(name.length - (width - 1 - head))}`
}
