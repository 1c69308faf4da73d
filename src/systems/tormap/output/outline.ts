/** The console's marks as corners, for what can't draw SVG paths. */
import type { Line } from './strokes.ts'

/** Corners of what stands for a circle. */
const CIRCLE_CORNERS = 16

const known = new Map<string, Line>()

/** The corners of a mark's path (map/marks.ts), closed; the only mark with arcs is the circle. */
export function outlineOf(path: string): Line {
  const made = known.get(path)
  if (made !== undefined) return made
  const corners = path.includes('A') ? circle() : (path.match(/-?[\d.]+/g) ?? []).map(Number)
  const closed = [...corners, ...corners.slice(0, 2)]
  known.set(path, closed)
  return closed
}

function circle(): number[] {
  const angles = Array.from({ length: CIRCLE_CORNERS }, (_, i) => (i / CIRCLE_CORNERS) * 2 * Math.PI)
  return angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])
}
