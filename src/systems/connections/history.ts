import { type Socket, connectedMs, identity } from './socket.ts'

/** How far back growth looks, in milliseconds. */
const WINDOW_MS = 5 * 60_000
/** Milliseconds between two kept counts: six of them cover the window. */
const SPACING_MS = 50_000

/** Counts over time; says how fast each grows. */
export interface Growth {
  note(at: number, counts: ReadonlyMap<string, number>): void
  /** Change per minute over the last minutes; null while there is only one look. A key not seen before grew from 0. */
  perMinute(key: string): number | null
}

/** Makes an empty memory of counts. */
export function growthMemory(): Growth {
  let samples: { readonly at: number; readonly counts: ReadonlyMap<string, number> }[] = []
  let latest: (typeof samples)[number] | undefined
  return {
    note: (at, counts) => {
      const last = samples.at(-1)
      if (latest !== undefined && (last === undefined || latest.at - last.at >= SPACING_MS)) samples.push(latest)
      latest = { at, counts }
      samples = samples.filter((sample) => at - sample.at <= WINDOW_MS)
    },
    perMinute: (key) => {
      const base = samples[0]
      if (base === undefined || latest === undefined || latest.at <= base.at) return null
      const change = (latest.counts.get(key) ?? 0) - (base.counts.get(key) ?? 0)
      return (change * 60_000) / (latest.at - base.at)
    },
  }
}

/** Remembers when each socket was first seen. */
export interface Ages {
  /** `known` tells the age of sockets that were there before the first look, as far as somebody knows it. */
  note(at: number, sockets: readonly Socket[], known: (socket: Socket) => number | null): void
  /** Milliseconds that the connection is old, at least; null when nothing is known. */
  age(socket: Socket): number | null
}

/** Entries for sockets that are gone are kept until they are as many as those that are there, and this many more. */
const SLACK = 1000

/** Makes an empty memory of sockets. */
export function ageMemory(): Ages {
  // By the number of a socket; what has none is not remembered. Times count from the first look: small numbers.
  let seen = new Map<number, number>()
  let origin: number | null = null
  let now = 0
  return {
    note: (at, sockets, known) => {
      origin ??= at
      now = at - origin
      for (const socket of sockets) {
        const key = identity(socket)
        if (typeof key === 'number' && !seen.has(key)) seen.set(key, now - (known(socket) ?? 0))
      }
      if (seen.size > sockets.length * 2 + SLACK) seen = remaining(seen, sockets)
    },
    age: (socket) => {
      const key = identity(socket)
      const first = typeof key === 'number' ? seen.get(key) : undefined
      const watched = first === undefined ? 0 : now - first
      const age = Math.max(watched, connectedMs(socket))
      return age > 0 ? age : null
    },
  }
}

function remaining(seen: ReadonlyMap<number, number>, sockets: readonly Socket[]): Map<number, number> {
  const still = new Map<number, number>()
  for (const socket of sockets) {
    const key = identity(socket)
    const first = typeof key === 'number' ? seen.get(key) : undefined
    if (typeof key === 'number' && first !== undefined) still.set(key, first)
  }
  return still
}
