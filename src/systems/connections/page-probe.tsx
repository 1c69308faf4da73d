import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { text, duration } from '#core/units.ts'
import { visible } from '../../console/format.ts'
import { act, asApiError, type ApiError } from '../../console/state/api.ts'
import { Mark, type State } from '../../console/ui/mark.tsx'
import { Problem } from '../../console/ui/page-parts.tsx'
import type { ProbeResult } from './wire.ts'

/** One probe: not yet, under way, its result, or why there is none. */
export interface Probe {
  readonly state: Signal<'running' | ProbeResult | ApiError | null>
  run(where: { readonly host: string; readonly port: number }, parallel?: number): Promise<void>
}

const OUTCOMES: Readonly<Record<ProbeResult['outcome'], State>> = {
  answers: 'ok',
  hangs: 'critical',
  timeout: 'critical',
  refused: 'warning',
  unreachable: 'critical',
}

/** State of a probe that belongs to one finding. */
export function useProbe(): Probe {
  const state = useSignal<'running' | ProbeResult | ApiError | null>(null)
  return {
    state,
    run: async (where, parallel) => {
      state.value = 'running'
      try {
        state.value = await act<ProbeResult>(
          '/api/connections/probe',
          parallel === undefined ? where : { ...where, parallel },
        )
      } catch (error) {
        state.value = asApiError(error)
      }
    },
  }
}

interface ButtonProps {
  readonly where: { readonly host: string; readonly port: number }
  readonly probe: Probe
}

/** Asks the remote, which is traffic to it: only ever on demand. */
export function ProbeButton({ where, probe }: ButtonProps): JSX.Element {
  const state = probe.state.value
  return (
    <button type="button" class="button" disabled={state === 'running'} onClick={() => void probe.run(where)}>
      <span class="swap">
        <span hidden={state !== null}>Probe</span>
        <span hidden={state === null || state === 'running'}>Probe again</span>
        <span hidden={state !== 'running'}>Asking …</span>
      </span>
    </button>
  )
}

function ms(value: number | null): string {
  return value === null ? 'never' : text(duration(value))
}

/** What the remote did. */
export function ProbeOutcome({ probe }: { readonly probe: Probe }): JSX.Element {
  const state = probe.state.value
  if (state === 'running' || state === null)
    return <small role="status">Connects, sends one request, waits two seconds.</small>
  if (!('outcome' in state)) return <Problem error={state} />
  return (
    <div class="probe" role="status">
      <p>
        <Mark state={OUTCOMES[state.outcome]} word={state.outcome} /> <strong>{visible(state.summary)}</strong>
      </p>
      <ul>
        {state.tries.map((one, index) => (
          // Tries have no name; they never change places.
          <li key={index}>
            <code>{visible(one.ip)}</code>
            <span>connected: {ms(one.connectMs)}</span>
            <span>first byte: {ms(one.firstByteMs)}</span>
            <span>{visible(one.detail)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
