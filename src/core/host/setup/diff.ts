/** Differences of texts for people. Pure. */

/** Lines of unchanged text around a change. */
const CONTEXT = 2
/** Beyond this many lines on a side the comparison (quadratic) is left out and both sides are shown whole. */
const MOST_LINES = 1500

/** Lines that went (`-`), came (`+`), and some that stayed (` `); `…` stands for the rest that stayed. */
export function lineDiff(from: string, to: string): readonly string[] {
  if (from === to) return []
  const [a, b] = [linesOf(from), linesOf(to)]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1
  const middle = changed(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return shortened([...stayed(a.slice(0, head)), ...middle, ...stayed(a.slice(a.length - tail))])
}

function stayed(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  // The last line without its newline is another line than with it.
  return last === '' ? lines : [...lines, `${last} (no newline at the end)`]
}

/** By the longest common subsequence. */
function changed(a: readonly string[], b: readonly string[]): string[] {
  if (a.length > MOST_LINES || b.length > MOST_LINES) return [...a.map((l) => `- ${l}`), ...b.map((l) => `+ ${l}`)]
  const wide = b.length + 1
  const longest = new Uint16Array((a.length + 1) * wide)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [down = 0, right = 0, both = 0] = [
        longest[(i + 1) * wide + j],
        longest[i * wide + j + 1],
        longest[(i + 1) * wide + j + 1],
      ]
      longest[i * wide + j] = a[i] === b[j] ? both + 1 : Math.max(down, right)
    }
  }
  const lines: string[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i]}`)
      i += 1
      j += 1
    } else if (
      j >= b.length ||
      (i < a.length && (longest[(i + 1) * wide + j] ?? 0) >= (longest[i * wide + j + 1] ?? 0))
    ) {
      lines.push(`- ${a[i]}`)
      i += 1
    } else {
      lines.push(`+ ${b[j]}`)
      j += 1
    }
  }
  return lines
}

/** Leaves out what is far from any change. */
function shortened(lines: readonly string[]): readonly string[] {
  const near = (at: number): boolean =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => !line.startsWith(' '))
  const kept: string[] = []
  for (const [at, line] of lines.entries()) {
    if (near(at)) kept.push(line)
    else if (kept.at(-1) !== '  …') kept.push('  …')
  }
  return kept
}

/** `- mode 0600` and `+ mode 0644` for every field that differs; null as a whole is `absent`. */
export function fieldDiff(from: Fields | null, to: Fields | null): readonly string[] {
  const names = [...new Set([...Object.keys(from ?? {}), ...Object.keys(to ?? {})])]
  return names.flatMap((name) => {
    const [was, is] = [from?.[name], to?.[name]]
    if (was === is) return []
    const line = (sign: string, value: Fields[string] | undefined): string[] =>
      value === undefined || value === null ? [] : [`${sign} ${name} ${String(value)}`]
    return [...line('-', was), ...line('+', is)]
  })
}

/** A flat state. */
export type Fields = { readonly [name: string]: string | number | boolean | null }
