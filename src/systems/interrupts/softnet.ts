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

// Columns are eight hexadecimal digits and a blank, so they lie at fixed places.
const DROPPED = 9
const SQUEEZED = 18
const CPU = 108

function column(line: string, at: number): number {
  return parseInt(line.slice(at, at + 8), 16)
}

/** Reads the file; null when it isn't one. */
export function parseSoftnet(text: string): SoftnetCounts | null {
  if (!/^[0-9a-f]{8}(?: [0-9a-f]{8}){2}/.test(text)) return null
  const counts = new Map<number, Softnet>()
  let index = 0
  for (const line of text.split('\n')) {
    const count = { dropped: column(line, DROPPED), squeezed: column(line, SQUEEZED) }
    if (Number.isNaN(count.dropped + count.squeezed)) continue
    counts.set(line.length > CPU ? column(line, CPU) : index, count)
    index += 1
  }
  return counts
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
