import type { JSX } from 'preact'
import type { Severity } from '#core/verdict.ts'

const WIDTH = 200
const HEIGHT = 28
/** Below this share of the greatest value, movement is noise and is drawn flat. */
const QUIET = 0.3

/** Lines of a sparkline, one a stretch without a gap, as `points` of SVG polylines in a 200 x 28 box. */
export function sparkLines(values: readonly (number | null)[]): string[] {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return []
  const most = Math.max(...known)
  const least = Math.min(...known)
  const room = Math.max(most - least, Math.abs(most) * QUIET, Number.EPSILON)
  const middle = (most + least) / 2
  const lines: string[] = []
  let line: string[] = []
  values.forEach((value, index) => {
    if (value === null) {
      if (line.length > 1) lines.push(line.join(' '))
      line = []
      return
    }
    const x = (index * WIDTH) / (values.length - 1)
    const y = HEIGHT / 2 - ((value - middle) / room) * (HEIGHT - 4)
    line.push(`${x.toFixed(1)},${y.toFixed(1)}`)
  })
  if (line.length > 1) lines.push(line.join(' '))
  return lines
}

interface Props {
  readonly values: readonly (number | null)[]
  readonly severity?: Severity | undefined
}

/** A figure over the last minutes: form without scale. The place is kept while there is nothing to draw. */
export function Sparkline({ values, severity }: Props): JSX.Element {
  return (
    <svg
      class={`spark ${severity ?? ''}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {sparkLines(values).map((points) => (
        <polyline key={points.slice(0, 6)} points={points} />
      ))}
    </svg>
  )
}
