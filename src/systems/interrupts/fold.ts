/** Many CPUs in few columns: neighbours of one NUMA node share a column. Pure. */
import { formatCpuList } from './cpu-list.ts'
import type { NumaNode } from './wire.ts'

/** One column of a heat map. */
export interface FoldedColumn {
  /** `3`, `0-3`. */
  readonly label: string
  /** 0 where nodes are unknown. */
  readonly node: number
  /** Ids. */
  readonly cpus: readonly number[]
  /** Places of these CPUs in the sample. */
  readonly places: readonly number[]
}

/** Puts `cpus` into at most `most` columns; no column mixes nodes unless there are more nodes than columns. */
export function foldCpus(cpus: readonly number[], nodes: readonly NumaNode[], most: number): FoldedColumn[] {
  const nodeOf = new Map(nodes.flatMap((node) => node.cpus.map((cpu) => [cpu, node.id])))
  const groups = new Map<number, number[]>()
  cpus.forEach((cpu, place) => {
    const node = nodeOf.get(cpu) ?? 0
    groups.set(node, [...(groups.get(node) ?? []), place])
  })
  const parts =
    groups.size > most ? [[0, cpus.map((_, place) => place)] as const] : [...groups].toSorted(([a], [b]) => a - b)
  let size = Math.max(1, Math.ceil(cpus.length / Math.max(1, most)))
  while (parts.reduce((sum, [, places]) => sum + Math.ceil(places.length / size), 0) > Math.max(1, most)) size += 1
  return parts.flatMap(([node, places]) =>
    Array.from({ length: Math.ceil(places.length / size) }, (_, i): FoldedColumn => {
      const own = places.slice(i * size, (i + 1) * size)
      const ids = own.map((place) => cpus[place] ?? 0)
      return { label: formatCpuList(ids), node, cpus: ids, places: own }
    }),
  )
}

/** Sums of one row of rates by column; unknown rates count nothing. `from` is the row's first place. */
export function foldRates(rates: Float32Array, from: number, columns: readonly FoldedColumn[]): number[] {
  return columns.map(({ places }) => {
    let sum = 0
    for (let i = 0; i < places.length; i += 1) sum += (rates[from + (places[i] as number)] as number) || 0
    return sum
  })
}
