/** Matching for the palette. Pure. */

/** What a word of the query is worth where it stands whole: at the start of a word, or anywhere. */
const AT_START = 20
const WHOLE = 10

/** Letters in order, anywhere: worth more the closer they stand. Null when they don't occur. */
function scattered(text: string, word: string): number | null {
  let score = 0
  let from = 0
  for (const letter of word) {
    const at = text.indexOf(letter, from)
    if (at < 0) return null
    score += at === from ? 1 : -0.05 * (at - from)
    from = at + 1
  }
  return score
}

function wordScore(text: string, word: string): number | null {
  let best: number | null = null
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[a-z0-9]/.test(text.charAt(at - 1))) return AT_START
    best = WHOLE
  }
  return best ?? scattered(text, word)
}

/** How well `query` fits `text`, word by word; shorter texts win. Null when it doesn't. */
function fuzzy(text: string, query: string): number | null {
  const where = text.toLowerCase()
  let sum = where.length * -0.005
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = wordScore(where, word)
    if (score === null) return null
    sum += score
  }
  return sum
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
