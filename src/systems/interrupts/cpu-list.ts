/** CPU lists as the kernel writes them: `0-3,8` (Documentation/core-api, bitmap list format). Pure. */

/** More ids than any kernel has CPUs (CONFIG_NR_CPUS). */
const MAX_ID = 65_535

/** The ids of a list in its own order, or null when it is none; strides (`0-10:2/4`) are not written by these files. */
export function parseCpuList(text: string): number[] | null {
  const trimmed = text.trim()
  if (trimmed === '') return []
  const cpus = new Set<number>()
  for (const part of trimmed.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim())
    if (!match) return null
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    if (last < first || last > MAX_ID) return null
    for (let cpu = first; cpu <= last; cpu += 1) cpus.add(cpu)
  }
  return [...cpus]
}

/** Writes ascending ids as a list. */
export function formatCpuList(cpus: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0; i < cpus.length; i += 1) {
    const first = cpus[i] ?? 0
    while (cpus[i + 1] === (cpus[i] ?? 0) + 1) i += 1
    const last = cpus[i] ?? 0
    parts.push(first === last ? String(first) : `${first}-${last}`)
  }
  return parts.join(',')
}
