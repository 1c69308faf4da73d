import { NocError, reasonOf } from '#core/errors.ts'
import type { Reading } from '../socket.ts'
import type { SourceName } from '../wire.ts'
import { openNetlink } from './netlink.ts'
import { readProc } from './proc.ts'
import { SS_UNKNOWN, readSs } from './ss.ts'

type Source = (proc: string, signal?: AbortSignal) => Promise<Omit<Reading, 'source' | 'notes'>>

const SOURCES: Readonly<Record<SourceName, Source>> = {
  netlink: async (_proc, signal) => {
    const netlink = await openNetlink()
    try {
      return { sockets: await netlink.dump(signal), unknown: [] }
    } finally {
      netlink.close()
    }
  },
  ss: async (_proc, signal) => ({ sockets: await readSs(signal), unknown: SS_UNKNOWN }),
  proc: readProc,
}

/** The order in which sources are tried: the one that tells most for the least work first. */
const ORDER = ['netlink', 'ss', 'proc'] as const

/** Where to read from, and the root of procfs. */
export interface ReadOptions {
  readonly source: 'auto' | SourceName
  readonly proc: string
  readonly signal?: AbortSignal
}

/** All sockets from the best source that works, or from the one that was asked for. */
export async function readSockets({ source, proc, signal }: ReadOptions): Promise<Reading> {
  const notes: string[] = []
  for (const name of source === 'auto' ? ORDER : [source]) {
    try {
      return { source: name, notes, ...(await SOURCES[name](proc, signal)) }
    } catch (error) {
      signal?.throwIfAborted()
      if (source !== 'auto') throw error
      notes.push(reasonOf(error))
    }
  }
  throw new NocError('NOC_CONNECTIONS_SOURCE', `The sockets of this machine can't be read: ${notes.join(' ')}`)
}
