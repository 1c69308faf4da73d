/** Edit distance (Damerau-Levenshtein, optimal string alignment): one for each typo at a keyboard. */
export function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (rows[i - 2]?.[j - 2] ?? Infinity) : Infinity
      const change = (rows[i - 1]?.[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change, swap + 1))
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? 0
}

/** The name that was probably meant: the nearest within a third of its length; undefined when nothing is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map((name) => ({ name, off: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = scored.toSorted((a, b) => a.off - b.off)[0]
  return best !== undefined && best.off <= Math.max(1, Math.ceil(best.name.length / 3)) ? best.name : undefined
}
