/** Which relays are shown; it stands in the address so that it can be shared. Pure. */
import { MODERN_CLASSES, ORIGINAL_CLASSES, type ModernClass, type OriginalClass } from './types.ts'
import type { MapWire } from './wire.ts'

/** What the switches of the map say. */
export interface Layers {
  /** Classes that are drawn. */
  readonly on: ReadonlySet<OriginalClass>
  /** When it isn't empty: of these only relays that are in one of them. */
  readonly also: ReadonlySet<ModernClass>
}

const NONE = 'none'

function words(query: URLSearchParams, name: string): ReadonlySet<string> {
  return new Set(query.get(name)?.split(',') ?? [])
}

/** Reads `?layers=exit,exitFast&also=guard`. Without `layers` all are on. */
export function readLayers(query: URLSearchParams): Layers {
  const on = words(query, 'layers')
  const also = words(query, 'also')
  return {
    on: new Set(ORIGINAL_CLASSES.filter((name) => !query.has('layers') || on.has(name))),
    also: new Set(MODERN_CLASSES.filter((name) => also.has(name))),
  }
}

/** The same for the address; null: nothing has to be said. */
export function writeLayers({ on, also }: Layers): { readonly layers: string | null; readonly also: string | null } {
  const shown = ORIGINAL_CLASSES.filter((name) => on.has(name))
  return {
    layers: shown.length === ORIGINAL_CLASSES.length ? null : shown.join(',') || NONE,
    also: MODERN_CLASSES.filter((name) => also.has(name)).join(',') || null,
  }
}

/** The set with one more, or one less. */
export function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set)
  if (!next.delete(one)) next.add(one)
  return next
}

/** Whether a row of the map is shown. */
export function shownRow({ columns }: MapWire, { on, also }: Layers): (row: number) => boolean {
  const classes = ORIGINAL_CLASSES.map((name) => on.has(name))
  const mask = MODERN_CLASSES.reduce((sum, name, bit) => (also.has(name) ? sum | (1 << bit) : sum), 0)
  return (row) =>
    (classes[columns.original[row] ?? -1] ?? false) && (mask === 0 || ((columns.modern[row] ?? 0) & mask) !== 0)
}
