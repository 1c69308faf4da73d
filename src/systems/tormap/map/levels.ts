/** How large dots are at a zoom. Steps of the zoom share a grouping, so that dots rest while one zooms in between. */

/** The zoom, px a world unit, of a world 1,040 px wide: level 0. */
const WHOLE = 0.19
const LEVELS_PER_DOUBLING = 2
/** Radius of the smallest dot, CSS px: at level 0, more a level, and at least and most. */
const RADIUS = { zero: 2.1, perLevel: 0.2, least: 1.7, most: 4.6 } as const

/** The level of a zoom (px a world unit). */
export function levelAt(k: number): number {
  return Math.round(LEVELS_PER_DOUBLING * Math.log2(k / WHOLE))
}

/** Radius of a dot that is one relay, CSS px. */
export function radiusAt(level: number): number {
  return Math.min(RADIUS.most, Math.max(RADIUS.least, RADIUS.zero + RADIUS.perLevel * level))
}

/** Edge of a cell in which dots of a kind become one, world units: a dot and a hairline. */
export function cellAt(level: number): number {
  return (2 * radiusAt(level) + 1) / (WHOLE * 2 ** (level / LEVELS_PER_DOUBLING))
}
