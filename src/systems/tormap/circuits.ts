import { reasonOf } from '#core/errors.ts'
import type { TorControl } from '#proto/torcontrol/client.ts'
import { connectControl } from '#proto/torcontrol/connect.ts'
import type { CircuitsWire } from './wire.ts'

/** The connection to tor is given up when nobody has asked for this long, ms. */
const IDLE_MS = 60_000
/** Circuits told at most; a busy tor has some hundred. */
const MOST_CIRCUITS = 1000

/** Circuits of a tor on this machine. */
export interface Circuits {
  read(): Promise<CircuitsWire>
  close(): void
}

/** Asks the tor at `control` (a socket's path or `ADDRESS:PORT`; empty: none) whenever it is read. */
export function localCircuits(control: string): Circuits {
  let opening: Promise<TorControl> | null = null
  let idle: NodeJS.Timeout | undefined

  const close = (): void => {
    clearTimeout(idle)
    void opening?.then(
      (connection) => connection.close(),
      () => undefined,
    )
    opening = null
  }
  const read = async (): Promise<CircuitsWire> => {
    if (control === '') return { state: 'off', why: null, circuits: [] }
    clearTimeout(idle)
    idle = setTimeout(close, IDLE_MS).unref()
    opening ??= connectControl(control)
    try {
      const circuits = await (await opening).circuits()
      return {
        state: 'up',
        why: null,
        circuits: circuits.slice(0, MOST_CIRCUITS).map(({ id, state, purpose, path }) => ({
          id,
          status: state,
          purpose: purpose ?? '',
          relays: path.map(({ fingerprint, nickname }) => ({ fingerprint, nickname })),
        })),
      }
    } catch (error) {
      close()
      return { state: 'down', why: reasonOf(error), circuits: [] }
    }
  }
  return { read, close }
}
