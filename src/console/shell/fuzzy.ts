/** Matching for the palette. Pure. */

/**
 * How well `query` fits `text`: its letters in order, better when they stand together and at the start of words.
 * Null when it doesn't; an empty query fits everything equally.
 */
export function fuzzy(text: string, query: string): number | null {
  const where = text.toLowerCase()
  let score = 0
  let from = 0
  let last = -2
  for (const letter of query.toLowerCase().replaceAll(' ', '')) {
    const at = where.indexOf(letter, from)
    if (at < 0) return null
    const starts = at === 0 || /[\s/\-:.]/.test(where[at - 1] ?? '')
    score += at === last + 1 ? 3 : starts ? 2 : 0
    score -= (at - from) * 0.05
    last = at
    from = at + 1
  }
  return score - where.length * 0.005
}

/** The items that fit, the best first; in their own order when there is nothing to look for. */
export function fuzzyFilter<T>(items: readonly T[], text: (item: T) => string, query: string): T[] {
  if (query.trim() === '') return [...items]
  return items
    .map((item) => ({ item, score: fuzzy(text(item), query) }))
    .filter((one): one is { item: T; score: number } => one.score !== null)
    .toSorted((a, b) => b.score - a.score)
    .map(({ item }) => item)
}
