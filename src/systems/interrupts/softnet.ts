/**
 * /proc/net/softnet_stat: packets that the network stack had to drop before any program saw them
 * (net/core/net-procfs.c, softnet_seq_show). Pure.
 */

/** Counts, or rates a second, summed over the CPUs. */
export interface Softnet {
  /** Packets dropped because a CPU's backlog was full. */
  readonly dropped: number
  /** Times a CPU ran out of budget with packets left. */
  readonly squeezed: number
}

/** Counts by CPU id (the 13th column; older kernels have none, there it is the place in the file). */
export type SoftnetCounts = ReadonlyMap<number, Softnet>

/** Reads the file; null when it isn't one (fewer than three hexadecimal columns). */
export function parseSoftnet(text: string): SoftnetCounts | null {
  const counts = new Map<number, Softnet>()
  const lines = text.split('\n').filter((line) => line !== '')
  for (const [index, line] of lines.entries()) {
    const columns = line.trim().split(/\s+/)
    const [, dropped, squeezed] = columns.map((column) =>
      /^[0-9a-f]{1,16}$/i.test(column) ? parseInt(column, 16) : NaN,
    )
    if (dropped === undefined || squeezed === undefined || Number.isNaN(dropped + squeezed)) return null
    const cpu = columns[12] === undefined ? index : parseInt(columns[12], 16)
    counts.set(cpu, { dropped, squeezed })
  }
  return counts.size > 0 ? counts : null
}

/** Rates a second between two readings, modulo 2^32 like all these counters; CPUs that came count from now on. */
export function softnetRates(before: SoftnetCounts, now: SoftnetCounts, seconds: number): Softnet {
  let dropped = 0
  let squeezed = 0
  for (const [cpu, count] of now) {
    const old = before.get(cpu)
    if (!old) continue
    dropped += growth(old.dropped, count.dropped)
    squeezed += growth(old.squeezed, count.squeezed)
  }
  return { dropped: dropped / seconds, squeezed: squeezed / seconds }
}

function growth(before: number, now: number): number {
  const grown = (now - before) >>> 0
  return grown > 2 ** 31 ? 0 : grown
}
