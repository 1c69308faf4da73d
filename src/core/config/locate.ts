/**
 * Where a key stands in a TOML text: the parser keeps no positions, and "line 12" is what a tired operator needs.
 * Follows tables and plain, dotted and quoted keys; inside multi-line strings it may be off, never wrong about the key.
 */
const TABLE = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/
const KEY = /^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/

function parts(dotted: string): string[] {
  return (dotted.match(/[A-Za-z0-9_-]+|"[^"]*"|'[^']*'/g) ?? []).map((part) => part.replace(/^["']|["']$/g, ''))
}

/** The 1-based line of the key at `path`, or of the nearest table above it; undefined when it is not in the text. */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  let table: readonly string[] = []
  let found: { readonly depth: number; readonly line: number } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const header = TABLE.exec(line)?.[1]
    if (header !== undefined) table = parts(header)
    const key = header === undefined ? KEY.exec(line)?.[1] : undefined
    if (header === undefined && key === undefined) continue
    const here = key === undefined ? table : [...table, ...parts(key)]
    const depth = here.length
    const above = depth > 0 && depth <= path.length && here.every((part, i) => part === path[i])
    if (above && depth > (found?.depth ?? 0)) found = { depth, line: index + 1 }
  }
  return found?.line
}
