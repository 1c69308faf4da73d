import { setTimeout as pause } from 'node:timers/promises'
import { openControl } from '../root/control.ts'
import type { StreamSeen } from './observations.ts'

/** Between two tries to reach a tor that was restarted, ms. */
const AGAIN_MS = 200

/** What tor is asked to carry. */
export interface Streams {
  /** All since we listen; null when tor does not let us. */
  seen(): readonly StreamSeen[] | null
  close(): void
}

/** Listens at tor's control socket, again after tor was restarted. */
export async function listenToTor(path: string): Promise<Streams> {
  const seen: StreamSeen[] = []
  const over = new AbortController()
  let hangUp = (): void => undefined
  const listen = async (): Promise<void> => {
    const control = await openControl(path, {
      onEvent: (event) => {
        if (event.type !== 'stream') return
        const { source, target } = event.stream
        seen.push({ source: source?.host ?? null, target: `${target.host}:${target.port}` })
      },
      onEnd: () => void again(),
    })
    hangUp = () => control.close()
    await control.setEvents('STREAM')
  }
  const again = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await pause(AGAIN_MS, undefined, { signal: over.signal }).catch(() => undefined)
      const heard = await listen().then(
        () => true,
        () => false,
      )
      if (heard) return
    }
  }
  const close = (): void => {
    over.abort()
    hangUp()
  }
  return listen().then(
    () => ({ seen: () => seen, close }),
    () => ({ seen: () => null, close }),
  )
}
