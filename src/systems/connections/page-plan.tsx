import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { plural, visible } from '../../console/format.ts'
import type { CloseTarget } from '../../console/plan.ts'
import { act, asApiError, type ApiError } from '../../console/state/api.ts'
import { setQuery } from '../../console/state/router.ts'
import { Mark } from '../../console/ui/mark.tsx'
import { Name } from '../../console/ui/name.tsx'
import { Panel, Problem } from '../../console/ui/page-parts.tsx'
import type { CloseResult } from './wire.ts'

/** Sockets shown before "Show all". */
const SHORT = 8
const PATH = '/api/connections/close'

type PlanState =
  | { readonly step: 'reading' | 'applying'; readonly plan: CloseResult | null }
  | { readonly step: 'plan'; readonly plan: CloseResult }
  | { readonly step: 'done'; readonly plan: CloseResult; readonly result: CloseResult }
  | { readonly step: 'failed'; readonly plan: CloseResult | null; readonly error: ApiError }

function leave(): void {
  setQuery({ close: null, process: null, state: null, port: null })
}

function Sockets({ sockets }: { readonly sockets: CloseResult['sockets'] }): JSX.Element {
  const all = useSignal(false)
  const shown = all.value ? sockets : sockets.slice(0, SHORT)
  return (
    <>
      <div class="table-box scroll">
        <table>
          <thead>
            <tr>
              <th>From</th>
              <th>To</th>
              <th class="medium">State</th>
              <th class="medium">Process</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((socket) => (
              <tr key={`${socket.local} ${socket.remote}`}>
                <td>
                  <Name text={socket.local} width={40} mono />
                </td>
                <td>
                  <Name text={socket.remote} width={40} mono />
                </td>
                <td class="medium faint">{socket.state}</td>
                <td class="medium">
                  <Name text={socket.process ?? 'unknown'} width={20} />
                  {socket.pid !== null && <span class="unit"> pid {socket.pid}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sockets.length > shown.length && (
        <footer>
          <small>
            {SHORT} of {sockets.length} shown
          </small>
          <button type="button" class="button small" onClick={() => (all.value = true)}>
            Show all
          </button>
        </footer>
      )}
    </>
  )
}

function Outcome({ result }: { readonly result: CloseResult }): JSX.Element {
  return (
    <div class="body stack" role="status">
      <p>
        <Mark state={result.failed.length > 0 ? 'warning' : 'ok'} word={result.failed.length > 0 ? 'partly' : 'done'} />{' '}
        <strong>
          Closed {result.closed} of {plural(result.found, 'connection')}.
        </strong>
      </p>
      {result.failed.length > 0 && (
        <ul class="failed">
          {result.failed.slice(0, SHORT).map((one) => (
            <li key={one.socket}>
              <code>{visible(one.socket)}</code> {visible(one.why)}
            </li>
          ))}
          {result.failed.length > SHORT && <li>{result.failed.length - SHORT} more</li>}
        </ul>
      )}
    </div>
  )
}

function Foot({
  children,
  acts,
}: {
  readonly children: ComponentChildren
  readonly acts: ComponentChildren
}): JSX.Element {
  return (
    <footer class="decide">
      <small>{children}</small>
      <div class="acts">{acts}</div>
    </footer>
  )
}

/** What would be closed, then, when it is wanted, closes exactly that. */
export function Plan({ target, onDone }: { readonly target: CloseTarget; onDone(): void }): JSX.Element {
  const state = useSignal<PlanState>({ step: 'reading', plan: null })
  const place = useRef<HTMLDivElement>(null)
  const read = async (): Promise<void> => {
    state.value = { step: 'reading', plan: null }
    try {
      state.value = { step: 'plan', plan: await act<CloseResult>(PATH, target) }
    } catch (error) {
      state.value = { step: 'failed', plan: null, error: asApiError(error) }
    }
  }
  const apply = async (plan: CloseResult): Promise<void> => {
    state.value = { step: 'applying', plan }
    try {
      const result = await act<CloseResult>(PATH, { ...target, plan: plan.plan })
      state.value = { step: 'done', plan, result }
    } catch (error) {
      state.value = { step: 'failed', plan, error: asApiError(error) }
    }
    onDone()
  }
  useEffect(() => {
    place.current?.focus({ preventScroll: true })
    void read()
  }, [])
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [state.value.step])

  const now = state.value
  const { plan, step } = now
  const found = plan?.found ?? 0
  const title = plan
    ? `Plan: close ${plural(found, 'connection')} to ${visible(target.remote)}`
    : `Plan: close connections to ${visible(target.remote)}`
  return (
    <div ref={place} tabIndex={-1} class="plan">
      <Panel title={title} end={<small>{step === 'done' ? 'applied' : 'nothing is changed yet'}</small>}>
        {step === 'reading' && <div class="body faint">Looks for the sockets.</div>}
        {now.step === 'failed' && <Problem error={now.error} retry={() => void read()} />}
        {now.step === 'done' && <Outcome result={now.result} />}
        {plan && step !== 'done' && <Sockets sockets={plan.sockets} />}
        {plan && found === 0 && step === 'plan' && (
          <div class="body faint">There are none any more: nothing to close.</div>
        )}
        {step === 'done' || step === 'failed' || found === 0 ? (
          <Foot acts={<Leave label={step === 'done' ? 'Done' : 'Close the plan'} />}>
            {step === 'done' && 'Who closed them, and when, is in the log and on the night line.'}
          </Foot>
        ) : (
          <Foot
            acts={
              <>
                <Leave label="Cancel" />
                <button
                  type="button"
                  class="button primary"
                  disabled={step !== 'plan'}
                  onClick={() => plan && void apply(plan)}
                >
                  Apply: close {found}
                </button>
              </>
            }
          >
            This can't be undone: {visible(target.process ?? 'each process')} gets an error on each of them and may
            connect again. Only these sockets are closed, none that is opened later.
          </Foot>
        )}
      </Panel>
    </div>
  )
}

function Leave({ label }: { readonly label: string }): JSX.Element {
  return (
    <button type="button" class="button" onClick={leave}>
      {label}
    </button>
  )
}
