/** The colour steps of the heat map. Pure. */

/**
 * Interrupts per second at which the next step begins: about three to a decade. Fixed, so that a colour means the same
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

/** Every how many columns a label fits: 1, 2, 4 ... */
export function labelEvery(labels: readonly string[], columnWidth: number, characterWidth: number): number {
  const widest = Math.max(1, ...labels.map((label) => label.length)) * characterWidth + 4
  let every = 1
  while (every * columnWidth < widest && every < labels.length) every *= 2
  return every
}
