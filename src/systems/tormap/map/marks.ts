/** How each class is drawn: a shape and a colour of its own, the same on the map and in the legend. */
import type { OriginalClass } from '../types.ts'

export interface ClassMarkShape {
  readonly name: OriginalClass
  readonly title: string
  /** Name of the colour token in the style sheet. */
  readonly token: string
  /** SVG path around 0,0; every shape covers about the area of a circle of radius 1. */
  readonly path: string
}

function polygon(points: readonly (readonly [number, number])[]): string {
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join('L')}Z`
}

/** Corners at equal angles, the first at the top (or turned by `turn` of a full circle). */
function regular(corners: number, radius: number, turn = 0): string {
  return polygon(
    Array.from({ length: corners }, (_, i) => {
      const angle = (i / corners + turn - 0.25) * 2 * Math.PI
      return [radius * Math.cos(angle), radius * Math.sin(angle)] as const
    }),
  )
}

function star(outer: number, inner: number): string {
  return polygon(
    Array.from({ length: 10 }, (_, i) => {
      const angle = (i / 10 - 0.25) * 2 * Math.PI
      const radius = i % 2 === 0 ? outer : inner
      return [radius * Math.cos(angle), radius * Math.sin(angle)] as const
    }),
  )
}

function turnRight([x, y]: readonly [number, number]): readonly [number, number] {
  return [-y, x]
}

/** A diagonal cross; half length and half width of its arms. */
function cross(long: number, wide: number): string {
  const quarter = [
    [0, -wide],
    [long - wide, -long],
    [long, wide - long],
  ] as const
  const half = [...quarter, ...quarter.map(turnRight)]
  return polygon([...half, ...half.map(([x, y]) => [-x, -y] as const)])
}

/** In the order of ORIGINAL_CLASSES: the index is what a map document's `original` column holds. */
export const MARKS: readonly ClassMarkShape[] = [
  { name: 'badExit', title: 'Bad exit', token: 'relay-bad-exit', path: cross(1.45, 0.68) },
  { name: 'authority', title: 'Authority', token: 'relay-authority', path: star(1.75, 0.78) },
  { name: 'exitFast', title: 'Fast exit', token: 'relay-exit-fast', path: regular(3, 1.5) },
  { name: 'exit', title: 'Exit', token: 'relay-exit', path: regular(5, 1.22) },
  { name: 'stableFast', title: 'Fast stable', token: 'relay-stable-fast', path: regular(4, 1.28) },
  { name: 'stable', title: 'Stable', token: 'relay-stable', path: 'M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z' },
  { name: 'named', title: 'Named', token: 'relay-named', path: regular(3, 1.5, 0.5) },
  { name: 'other', title: 'Other', token: 'relay-other', path: regular(4, 1.15, 0.125) },
]
