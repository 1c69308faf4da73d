import { NocError, reasonOf } from '#core/errors.ts'
import type { DiagSocket } from '#proto/netlink/inet-diag.ts'
import type { Reading } from '../socket.ts'
import type { SourceName } from '../wire.ts'
import { openNetlink } from './netlink.ts'
import { readProc } from './proc.ts'
import { SS_UNKNOWN, readSs } from './ss.ts'

type Source = (options: ReadOptions) => Promise<Omit<Reading, 'source' | 'notes'>>

const SOURCES: Readonly<Record<SourceName, Source>> = {
  netlink: async ({ recycle, signal }) => {
    const netlink = await openNetlink()
    try {
      return { sockets: await netlink.dump(recycle ?? [], signal), unknown: [] }
    } finally {
      netlink.close()
    }
  },
  ss: async ({ signal }) => ({ sockets: await readSs(signal), unknown: SS_UNKNOWN }),
  proc: ({ proc, signal }) => readProc(proc, signal),
}

/** The order in which sources are tried: the one that tells most for the least work first. */
const ORDER = ['netlink', 'ss', 'proc'] as const

/** Where to read from, and the root of procfs. */
export interface ReadOptions {
  readonly source: 'auto' | SourceName
  readonly proc: string
  /** Sockets of an earlier reading that nobody needs any more; netlink uses the objects again. */
  readonly recycle?: DiagSocket[]
  readonly signal?: AbortSignal
}

/** All sockets from the best source that works, or from the one that was asked for. */
export async function readSockets(options: ReadOptions): Promise<Reading> {
  const { source, signal } = options
  const notes: string[] = []
  for (const name of source === 'auto' ? ORDER : [source]) {
    try {
      return { source: name, notes, ...(await SOURCES[name](options)) }
    } catch (error) {
      signal?.throwIfAborted()
      if (source !== 'auto') throw error
      notes.push(reasonOf(error))
    }
  }
  throw new NocError('NOC_CONNECTIONS_SOURCE', `The sockets of this machine can't be read: ${notes.join(' ')}`)
}
