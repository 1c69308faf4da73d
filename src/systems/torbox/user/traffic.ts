import type { Socket } from 'node:net'
import type { Clock } from '#core/clock.ts'
import { reasonOf } from '#core/errors.ts'

/** A connection out of a box that is open now. */
export interface OpenStream {
  readonly id: number
  /** As tor sees it: `www.example.org:443`, an onion name, or an address. */
  readonly target: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** True as soon as tor has connected it. */
  readonly connected: boolean
  readonly bytesOut: number
  readonly bytesIn: number
}

/** What went through a box's door since it started. */
export interface TrafficCounts {
  /** Streams that tor connected, and that it did not. */
  readonly connected: number
  readonly failed: number
  /** Bytes of programs, without SOCKS and Tor's own overhead. */
  readonly bytesOut: number
  readonly bytesIn: number
  /** Why the last stream failed, one sentence; null when none did. */
  readonly lastFailure: string | null
  readonly open: readonly OpenStream[]
}

/** Accounts of one stream. */
export interface StreamAccount {
  connected(): void
  failed(error: unknown): void
}

/** The accounts of a box. */
export interface Traffic {
  /** Opens an account that follows the program's socket until it closes. */
  follow(program: Socket, target: string): StreamAccount
  counts(): TrafficCounts
  /** Closes all streams. */
  end(): void
}

interface Entry {
  readonly id: number
  readonly target: string
  readonly since: number
  readonly program: Socket
  connected: boolean
}

/**
 * Keeps the accounts of all streams of a box. `onFirstFailure` hears why the very first stream failed: programs only see
 * a reset, and if nothing works at all somebody has to say why.
 */
export function createTraffic(clock: Clock, onFirstFailure?: (error: unknown) => void): Traffic {
  const open = new Set<Entry>()
  const closed = { bytesOut: 0, bytesIn: 0 }
  let last = 0
  let connected = 0
  let failed = 0
  let lastFailure: string | null = null
  return {
    follow: (program, target) => {
      const entry: Entry = { id: (last += 1), target, since: clock.now(), program, connected: false }
      open.add(entry)
      program.once('close', () => {
        open.delete(entry)
        closed.bytesOut += program.bytesRead
        closed.bytesIn += program.bytesWritten
      })
      return {
        connected: () => {
          entry.connected = true
          connected += 1
        },
        failed: (error) => {
          if (failed === 0 && connected === 0) onFirstFailure?.(error)
          failed += 1
          lastFailure = reasonOf(error)
        },
      }
    },
    end: () => {
      for (const { program } of open) program.destroy()
    },
    counts: () => {
      const streams = [...open].map(({ program, ...entry }) => ({
        ...entry,
        bytesOut: program.bytesRead,
        bytesIn: program.bytesWritten,
      }))
      const sum = (key: 'bytesOut' | 'bytesIn'): number => streams.reduce((all, one) => all + one[key], closed[key])
      return { connected, failed, bytesOut: sum('bytesOut'), bytesIn: sum('bytesIn'), lastFailure, open: streams }
    },
  }
}
