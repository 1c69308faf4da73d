/** Colour steps and measures of the heat map. Pure. */

/** A column: one CPU, or several of one node folded together. */
export interface HeatColumn {
  readonly label: string
  readonly node: number
  readonly cpus: readonly number[]
}

/**
 * Interrupts per second at which the next step begins: about two to a decade. Fixed, so that a colour means the same
 * rate on every machine and at every moment, and a cell changes only when its rate really does.
 */
export const STEPS: readonly number[] = [1, 10, 30, 100, 300, 1000, 3000, 10_000]

/** The step 0..8 of a rate per second. */
export function stepOf(rate: number): number {
  let step = 0
  while (step < STEPS.length && rate >= (STEPS[step] ?? Infinity)) step += 1
  return step
}

/** The steps of a row, one digit a cell: two rows that look the same have the same text. */
export function stepsOf(cells: readonly number[]): string {
  return cells.map(stepOf).join('')
}

const NARROWEST = 6
const WIDEST = 200
/** Between two cells, px, as the style sheet has it. */
const GAP = 2
/** Between two nodes; with many columns they move together. */
const NODE_GAP = 12
const NODE_GAP_MANY = 6
const MANY_COLUMNS = 32
/** Room for label, rate and affinity at the sides, px; where there is less, the map scrolls. */
const SIDES = 176 + 76 + 108
/** A digit in 11 px text, px. */
const DIGIT = 7

/** Whether a column is the first of its node, and not the first of all. */
export function startsNode(columns: readonly HeatColumn[], index: number): boolean {
  return index > 0 && columns[index]?.node !== columns[index - 1]?.node
}

/** Tracks of the CSS grid for the cells of one row in `width` px, and which columns have room for their label. */
export function heatLayout(
  columns: readonly HeatColumn[],
  width: number,
): { readonly tracks: string; readonly every: number } {
  const gaps = columns.filter((_, index) => startsNode(columns, index)).length
  const gap = columns.length > MANY_COLUMNS ? NODE_GAP_MANY : NODE_GAP
  const room = Math.floor((width - SIDES - gaps * (gap + GAP)) / columns.length - GAP)
  const cell = Math.max(NARROWEST, Math.min(WIDEST, room))
  const tracks = columns.map((_, index) => (startsNode(columns, index) ? `${gap}px ${cell}px` : `${cell}px`)).join(' ')
  return { tracks, every: labelEvery(columns, cell + GAP) }
}

/** Every how many columns a label fits: 1, 2, 4 ... */
function labelEvery(columns: readonly HeatColumn[], step: number): number {
  const widest = Math.max(1, ...columns.map((column) => column.label.length)) * DIGIT + 4
  let every = 1
  while (every * step < widest && every < columns.length) every *= 2
  return every
}
