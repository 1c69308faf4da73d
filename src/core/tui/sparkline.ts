/** Figures as rows of characters: a short history, and the shades of a heat map. Pure. */

const BARS = ['▁▂▃▄▅▆▇█', '_.-=+*%#'] as const
const SHADES = [' ·░▒▓█', ' .:+#@'] as const

/** The level of `value` among `levels`: 0 only for nothing at all, so that little is told from none. */
function level(value: number, most: number, levels: number): number {
  if (!(value > 0) || !(most > 0)) return 0
  return Math.min(levels - 1, 1 + Math.floor((value / most) * (levels - 1)))
}

/** The last `columns` values, from nought to their maximum; a gap (null) is a blank, missing ones are on the left. */
export function sparkline(values: readonly (number | null)[], columns: number, unicode: boolean): string {
  const bars = BARS[unicode ? 0 : 1]
  const shown = columns > 0 ? values.slice(-columns) : []
  const most = shown.reduce<number>((a, b) => Math.max(a, b ?? 0), 0)
  return shown
    .map((value) => (value === null ? ' ' : bars.charAt(level(value, most, bars.length))))
    .join('')
    .padStart(columns)
}

/** One character for `value` between nought (blank) and `most` (full). */
export function shade(value: number, most: number, unicode: boolean): string {
  const shades = SHADES[unicode ? 0 : 1]
  return shades.charAt(level(value, most, shades.length))
}
