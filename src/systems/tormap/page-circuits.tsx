import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { plural, visible } from '../../console/format.ts'
import { read } from '../../console/state/api.ts'
import { paused } from '../../console/state/clock.ts'
import { Panel } from '../../console/ui/page-parts.tsx'
import { rowOf } from './map/rows.ts'
import type { Atlas } from './page-state.tsx'
import type { CircuitsWire } from './wire.ts'

/** How often the circuits are asked for, ms; circuits live for minutes. */
const EVERY = 5000

/** The circuits of a local tor, and the rows they go through. */
export interface Circuits {
  readonly document: ReadonlySignal<CircuitsWire | null>
  readonly rows: ReadonlySignal<readonly (readonly number[])[]>
}

/** Follows the circuits for as long as the page is shown. */
export function useCircuits(atlas: Atlas): Circuits {
  const document: Signal<CircuitsWire | null> = useMemo(() => signal(null), [atlas])
  const rows = useMemo(
    () =>
      computed(() => {
        const names = atlas.shown.value?.names
        if (!names || document.value?.state !== 'up') return []
        return document.value.circuits
          .map(({ relays }) => relays.map((one) => rowOf(names, one.fingerprint)).filter((row) => row !== null))
          .filter((path) => path.length > 0)
      }),
    [atlas],
  )
  const hidden = paused.value
  useEffect(() => {
    if (hidden) return undefined
    const stop = new AbortController()
    const load = async (): Promise<void> => {
      try {
        const next = await read<CircuitsWire>('/api/tormap/circuits', stop.signal)
        // The same again: nothing is drawn anew.
        if (JSON.stringify(next) !== JSON.stringify(document.peek())) document.value = next
      } catch {
        // The page says already that the daemon does not answer; the next turn asks again.
      }
    }
    void load()
    const timer = setInterval(() => document.peek()?.state !== 'off' && void load(), EVERY)
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [hidden])
  return { document, rows }
}

/** The circuits in words, each relay a link to its details. */
export function CircuitsPanel({
  atlas,
  circuits,
}: {
  readonly atlas: Atlas
  readonly circuits: Circuits
}): JSX.Element {
  const now = circuits.document.value
  const list = now?.circuits ?? []
  return (
    <Panel
      title="Circuits of this machine's tor"
      end={<small>{now?.state === 'up' && plural(list.length, 'circuit')}</small>}
    >
      {now?.state === 'up' && list.length > 0 ? (
        <ol class="circuits">
          {list.map(({ id, status, purpose, relays }) => (
            <li key={id}>
              <span class="hops">
                {relays.map(({ fingerprint, nickname }) => (
                  <button key={fingerprint} type="button" class="link" onClick={() => atlas.choose(fingerprint)}>
                    {nickname === null ? fingerprint.slice(0, 8) : visible(nickname)}
                  </button>
                ))}
              </span>
              <small>
                {visible(purpose.toLowerCase().replaceAll('_', ' '))}, {visible(status.toLowerCase())}
              </small>
            </li>
          ))}
        </ol>
      ) : (
        <div class="state-note">{circuitWords(now)}</div>
      )}
    </Panel>
  )
}

function circuitWords(now: CircuitsWire | null): string {
  if (now === null) return ' '
  if (now.state === 'down') return `The control socket does not answer: ${visible(now.why ?? 'nobody said why')}`
  if (now.state === 'up') return 'There is no circuit right now.'
  return 'Name the control socket of a tor on this machine ([tormap] control) to see its circuits on the map.'
}
