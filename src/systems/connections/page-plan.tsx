import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { plural, visible } from '../../console/format.ts'
import type { CloseTarget } from '../../console/plan.ts'
import { act, asApiError, type ApiError } from '../../console/state/api.ts'
import { setQuery } from '../../console/state/router.ts'
import { Panel, Problem } from '../../console/ui/page-parts.tsx'
import { Outcome, Sockets } from './page-sockets.tsx'
import type { CloseResult } from './wire.ts'

const PATH = '/api/connections/close'

type PlanState =
  | { readonly step: 'reading'; readonly plan: null }
  | { readonly step: 'plan' | 'applying'; readonly plan: CloseResult }
  | { readonly step: 'done'; readonly plan: CloseResult; readonly result: CloseResult }
  | { readonly step: 'failed'; readonly plan: CloseResult | null; readonly error: ApiError }

interface Planning {
  readonly state: PlanState
  read(): Promise<void>
  apply(plan: CloseResult): Promise<void>
}

/** Reads the plan, and applies it when told to. */
function usePlan(target: CloseTarget, onDone: () => void): Planning {
  const state = useSignal<PlanState>({ step: 'reading', plan: null })
  return {
    state: state.value,
    read: async () => {
      state.value = { step: 'reading', plan: null }
      try {
        state.value = { step: 'plan', plan: await act<CloseResult>(PATH, target) }
      } catch (error) {
        state.value = { step: 'failed', plan: null, error: asApiError(error) }
      }
    },
    apply: async (plan) => {
      state.value = { step: 'applying', plan }
      try {
        const result = await act<CloseResult>(PATH, { ...target, plan: plan.plan })
        state.value = { step: 'done', plan, result }
      } catch (error) {
        state.value = { step: 'failed', plan, error: asApiError(error) }
      }
      onDone()
    },
  }
}

function Leave({ label }: { readonly label: string }): JSX.Element {
  const leave = (): void => setQuery({ close: null, process: null, state: null, port: null })
  return (
    <button type="button" class="button" onClick={leave}>
      {label}
    </button>
  )
}

interface DecideProps {
  readonly target: CloseTarget
  readonly plan: CloseResult
  readonly busy: boolean
  onApply(): void
}

function Decide({ target, plan, busy, onApply }: DecideProps): JSX.Element {
  return (
    <footer class="decide">
      <small>
        This can't be undone: {visible(target.process ?? 'each process')} gets an error on each of them and may connect
        again. Only these sockets are closed, none that is opened later.
      </small>
      <div class="acts">
        <Leave label="Cancel" />
        <button type="button" class="button primary" disabled={busy} onClick={onApply}>
          Apply: close {plan.found}
        </button>
      </div>
    </footer>
  )
}

function Ended({ done }: { readonly done: boolean }): JSX.Element {
  return (
    <footer class="decide">
      <small>{done && 'Who closed them, and when, is in the log and on the night line.'}</small>
      <div class="acts">
        <Leave label={done ? 'Done' : 'Close the plan'} />
      </div>
    </footer>
  )
}

/** What would be closed, then, when it is wanted, closes exactly that. */
export function Plan({ target, onDone }: { readonly target: CloseTarget; onDone(): void }): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  const { state, read, apply } = usePlan(target, onDone)
  useEffect(() => {
    place.current?.focus({ preventScroll: true })
    void read()
  }, [])
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [state.step])

  const { plan, step } = state
  const what = plan ? plural(plan.found, 'connection') : 'connections'
  const open = (state.step === 'plan' || state.step === 'applying') && state.plan.found > 0
  return (
    <div ref={place} tabIndex={-1} class="plan">
      <Panel
        title={`Plan: close ${what} to ${visible(target.remote)}`}
        end={<small>{step === 'done' ? 'applied' : 'nothing is changed yet'}</small>}
      >
        {step === 'reading' && <div class="body faint">Looks for the sockets.</div>}
        {state.step === 'failed' && <Problem error={state.error} retry={() => void read()} />}
        {state.step === 'done' && <Outcome result={state.result} />}
        {plan && step !== 'done' && plan.found > 0 && <Sockets sockets={plan.sockets} />}
        {step === 'plan' && !open && <div class="body faint">There are none any more: nothing to close.</div>}
        {plan && open && (
          <Decide target={target} plan={plan} busy={step === 'applying'} onApply={() => void apply(plan)} />
        )}
        {!open && <Ended done={step === 'done'} />}
      </Panel>
    </div>
  )
}
