/** How much of a core this process used over the last minute. */
export interface CostMeter {
  /** Takes a reading; to be called regularly. */
  tick(): void
  /** 0..1 of one core over at most the last minute; resident bytes now. */
  cost(): { readonly cpu: number; readonly memory: number }
}

const WINDOW_MS = 60_000

/** Makes a meter; `monotonic` in ms, `used` the CPU microseconds so far. */
export function createCostMeter(monotonic: () => number, used: () => number, memory: () => number): CostMeter {
  const readings: { readonly at: number; readonly used: number }[] = []
  const tick = (): void => {
    readings.push({ at: monotonic(), used: used() })
    while (readings.length > 1 && (readings[1]?.at ?? 0) < monotonic() - WINDOW_MS) readings.shift()
  }
  return {
    tick,
    cost() {
      const first = readings[0]
      const elapsed = first === undefined ? 0 : monotonic() - first.at
      return { cpu: elapsed > 0 && first !== undefined ? (used() - first.used) / 1000 / elapsed : 0, memory: memory() }
    },
  }
}
