import { MAX_NAMES } from './addresses.ts'

/** The names that programs of a box asked for; each stands behind one virtual address as long as the box lives. */
export interface NamePool {
  /** The index of a name, the same for the same name; a new one when it is new. */
  indexOf(name: string): number
  /** The name with this index; null when there is none (any more). */
  nameOf(index: number): string | null
  readonly size: number
}

/**
 * Gives out indexes from 1. When all are in use, the name that was asked for longest ago loses its own: whoever still
 * connects to its address then reaches nothing or the wrong name's server, so the pool is far larger than programs'
 * memories of names.
 */
export function createNamePool(capacity: number = MAX_NAMES): NamePool {
  // Map keeps insertion order: the first entry is the one that was asked for longest ago.
  const indexes = new Map<string, number>()
  const names = new Map<number, string>()
  const free = (): number => {
    if (indexes.size < capacity) return indexes.size + 1
    const [oldest = '', index = 1] = indexes.entries().next().value ?? []
    indexes.delete(oldest)
    return index
  }
  return {
    indexOf: (name) => {
      const index = indexes.get(name) ?? free()
      indexes.delete(name)
      indexes.set(name, index)
      names.set(index, name)
      return index
    },
    nameOf: (index) => names.get(index) ?? null,
    get size() {
      return indexes.size
    },
  }
}
