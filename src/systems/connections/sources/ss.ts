import { setImmediate } from 'node:timers/promises'
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { endpoint, type Socket } from '../socket.ts'
import { parseSsLine } from './ss-text.ts'

/** Most text that ss may write; it needs about 600 bytes a socket. */
const MAX_BYTES = 256 * 1024 * 1024
const TIMEOUT_MS = 30_000
/** Lines between two turns of the event loop. */
const LINES_A_TURN = 2000

/** What ss does not show us: the kernel leaves these out, there may be very many and nobody owns them. */
export const SS_UNKNOWN = ['connections in TIME-WAIT'] as const

/** All TCP and UDP sockets but those in TIME-WAIT, as iproute2's ss lists them. */
export async function readSs(signal?: AbortSignal): Promise<Socket[]> {
  const argv = ['ss', '-tuaneoiOH', 'state', 'all', 'exclude', 'time-wait']
  const result = await run(argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...(signal ? { signal } : {}) })
  if (result.code !== 0) throw failed(result.stderr)
  const sockets: Socket[] = []
  for (let at = 0, lines = 1; at < result.stdout.length; lines++) {
    const newline = result.stdout.indexOf(10, at)
    const end = newline < 0 ? result.stdout.length : newline
    sockets.push(parseSsLine(result.stdout.toString('utf8', at, end)))
    at = end + 1
    if (lines % LINES_A_TURN === 0) await setImmediate()
  }
  return sockets
}

/** Sockets that one run of `ss -K` closes: its filter must stay below the argument limit. */
const KILLS_A_RUN = 50

/** Closes exactly these sockets by `ss -K`. What it prints about their peers means nothing: look again to know. */
export async function killBySs(sockets: readonly Socket[], signal?: AbortSignal): Promise<void> {
  for (let at = 0; at < sockets.length; at += KILLS_A_RUN) {
    const filter = sockets
      .slice(at, at + KILLS_A_RUN)
      .flatMap((socket, index) => [
        ...(index === 0 ? [] : ['or']),
        '(',
        'src',
        endpoint(socket.local, socket.localPort),
        'and',
        'dst',
        endpoint(socket.remote, socket.remotePort),
        ')',
      ])
    await run(['ss', '-KtunH', ...filter], {
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      ...(signal ? { signal } : {}),
    })
  }
}

function failed(stderr: string): NocError {
  return new NocError('NOC_CONNECTIONS_SS', `ss failed: ${stderr.trim().split('\n')[0] ?? ''}`)
}
