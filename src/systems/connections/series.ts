import type { SeriesStore } from '#core/series/types.ts'
import { countStates } from './groups.ts'
import type { Look } from './look.ts'
import { countStuck } from './view.ts'

/** Most findings that get a line of their own, as long as the daemon runs. */
const MAX_FINDINGS = 20
/** Characters of a finding's key in a name; the rest of the name's 120 tells equal beginnings apart. */
const MAX_KEY = 80
/** Steps that divide an hour, in seconds (core/series/types.ts). */
const STEPS = Array.from({ length: 3600 }, (_, index) => index + 1).filter((step) => 3600 % step === 0)

/** Writes what a look found into the history. */
export interface ConnectionSeries {
  record(look: Look): void
}

/** `connections.open`, `connections.stuck`, `connections.state.<state>` and one line for each of the first findings. */
export function connectionSeries(store: SeriesStore, intervalS: number): ConnectionSeries {
  const step = STEPS.find((seconds) => seconds >= intervalS) ?? 3600
  const known = new Set<string>()
  const ofFindings = new Set<string>()
  return {
    record: (look) => {
      // What was there once and is gone now is 0, not a gap.
      const values = new Map([...known].map((name) => [name, 0]))
      values.set('connections.open', look.reading.sockets.length)
      values.set('connections.stuck', countStuck(look.findings))
      for (const [state, value] of Object.entries(countStates(look.reading.sockets))) {
        values.set(`connections.state.${state.toLowerCase()}`, value)
      }
      for (const { verdict, stuck } of look.findings) {
        const name = findingName(verdict.key)
        if (ofFindings.size < MAX_FINDINGS) ofFindings.add(name)
        if (ofFindings.has(name)) values.set(name, stuck.length)
      }
      for (const [name, value] of values) {
        if (!known.has(name)) store.define({ name, unit: '', step })
        known.add(name)
        store.record(name, look.at, value)
      }
    },
  }
}

/** A verdict's key as the name of a series. */
export function findingName(key: string): string {
  const letters = key.replace(/[^\w.-]+/g, '_').slice(0, MAX_KEY)
  return `connections.stuck.${letters}-${hash(key).toString(36)}`
}

/** FNV-1a, 32 bits: keys with the same letters stay apart. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0
  return value
}
