import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ChangeDocument, PlanDocument, UndoDocument } from '#core/host/setup/documents.ts'
import { plural, sentence, visible } from '../format.ts'
import { act, asApiError, read, type ApiError } from '../state/api.ts'
import { Mark } from '../ui/mark.tsx'
import { Empty, Panel, Problem } from '../ui/page-parts.tsx'
import { Diff } from './setups-diff.tsx'

/** What every part of a set-up is given. */
export interface PartProps {
  readonly name: string
  /** Which part is shown; stands in its head. */
  readonly tabs: ComponentChildren
  /** Whether a run goes on: nothing else can be begun then. */
  readonly running: boolean
}

type Loaded<T> = { readonly document: T | null; readonly error: ApiError | null; readonly busy: boolean }

/** A document that is read once, and again on demand; `send` acts on it. */
function useDocument<T>(path: string): {
  readonly now: Loaded<T>
  reload(): void
  send(to: string, body: unknown): Promise<void>
} {
  const state = useSignal<Loaded<T>>({ document: null, error: null, busy: true })
  const reload = async (): Promise<void> => {
    state.value = { ...state.value, error: null, busy: true }
    try {
      state.value = { document: await read<T>(path), error: null, busy: false }
    } catch (error) {
      state.value = { document: null, error: asApiError(error), busy: false }
    }
  }
  const send = async (to: string, body: unknown): Promise<void> => {
    state.value = { ...state.value, error: null, busy: true }
    try {
      // Its events come with the stream; the page shows them above.
      await act(to, body)
      state.value = { ...state.value, busy: false }
    } catch (error) {
      state.value = { ...state.value, error: asApiError(error), busy: false }
    }
  }
  useEffect(() => void reload(), [path])
  return { now: state.value, reload: () => void reload(), send }
}

function Foot({
  children,
  act,
}: {
  readonly children: ComponentChildren
  readonly act: ComponentChildren
}): JSX.Element {
  return (
    <footer class="decide">
      <small>{children}</small>
      <div class="acts">{act}</div>
    </footer>
  )
}

/** What apply would change, and why; then does exactly that. */
export function ApplyPlan({ name, tabs, running }: PartProps): JSX.Element {
  const base = `/api/setups/${encodeURIComponent(name)}`
  const { now, reload, send } = useDocument<PlanDocument>(`${base}/plan`)
  const { document: plan, error, busy } = now
  const changes = plan?.changes ?? []
  const refused = changes.filter((change) => change.refused !== null).length
  return (
    <Panel title={`Plan of ${visible(name)}`} class="plan" end={tabs}>
      {error && <Problem error={error} retry={reload} />}
      {!plan && busy && <div class="body faint">Looks at this machine.</div>}
      {plan && changes.length === 0 && <Empty>This machine is as the set-up wants it: there is nothing to do.</Empty>}
      {changes.length > 0 && (
        <ol class="changes">
          {changes.map((change) => (
            <Change key={change.id} change={change} />
          ))}
        </ol>
      )}
      {plan && changes.length > 0 && (
        <Foot
          act={
            <>
              <button type="button" class="button" disabled={busy || running} onClick={reload}>
                Look again
              </button>
              <button
                type="button"
                class="button primary"
                disabled={busy || running || refused > 0}
                onClick={() => void send(`${base}/apply`, { hash: plan.hash })}
              >
                Apply: make {plural(changes.length, 'change')}
              </button>
            </>
          }
        >
          {refused > 0
            ? `${plural(refused, 'change is', 'changes are')} refused, so none is made.`
            : 'Nothing is changed yet. Exactly these changes are made, and only if the machine is still as shown; what was there before is written down first.'}
        </Foot>
      )}
    </Panel>
  )
}

function Change({ change }: { readonly change: ChangeDocument }): JSX.Element {
  const { id, why, source, diff, reload, refused, undo, losses } = change
  return (
    <li>
      <div class="reason">
        <div class="head">
          {refused !== null && <Mark state="critical" word="refused" />}
          <code>{visible(id)}</code>
          {reload && diff.length === 0 && <small>only reads its configuration again</small>}
        </div>
        <p>{sentence(why)}</p>
        {refused !== null && <p class="refused">Refused: {sentence(refused)}</p>}
        {undo !== 'exact' && <p class="losses">Undo can't bring all back. {losses === null ? '' : sentence(losses)}</p>}
        {source !== null && <small class="source">{visible(source)}</small>}
      </div>
      <Diff lines={diff} />
    </li>
  )
}

const VERDICTS: Readonly<
  Record<UndoDocument['acts'][number]['verdict'], { state: 'ok' | 'off' | 'warning'; word: string }>
> = {
  restore: { state: 'ok', word: 'Put back as it was' },
  same: { state: 'off', word: 'As it was already' },
  conflict: { state: 'warning', word: 'Kept: others have changed it since' },
}

/** What undo would put back; then does exactly that. */
export function UndoPlan({ name, tabs, running, run }: PartProps & { readonly run: number | null }): JSX.Element {
  const force = useSignal(false)
  const base = `/api/setups/${encodeURIComponent(name)}/undo`
  const query = new URLSearchParams({
    ...(run === null ? {} : { run: String(run) }),
    ...(force.value ? { force: '1' } : {}),
  })
  const { now, reload, send } = useDocument<UndoDocument>(`${base}?${query}`)
  const { document: plan, error, busy } = now
  const acts = plan?.acts ?? []
  const conflicts = acts.filter((act) => act.verdict === 'conflict').length
  const doable = acts.length - conflicts
  return (
    <Panel
      title={run === null ? `Undo ${visible(name)}` : `Undo run ${run} of ${visible(name)}`}
      class="plan"
      end={tabs}
    >
      {error && <Problem error={error} retry={reload} />}
      {!plan && busy && <div class="body faint">Compares with what was there before.</div>}
      {plan && acts.length === 0 && <Empty>Nothing of this set-up stands: there is nothing to put back.</Empty>}
      {acts.length > 0 && (
        <ol class="changes">
          {acts.map((act) => (
            <li key={`${act.run} ${act.id}`}>
              <div class="reason">
                <div class="head">
                  <Mark {...VERDICTS[act.verdict]} />
                  <code>{visible(act.id)}</code>
                </div>
                <p>
                  {VERDICTS[act.verdict].word}. {act.verdict === 'conflict' && sentence(act.why)}
                </p>
                {run === null && <small class="source">run {act.run}</small>}
              </div>
              <Diff lines={act.diff} />
            </li>
          ))}
        </ol>
      )}
      {plan && acts.length > 0 && (
        <Foot
          act={
            <>
              {(conflicts > 0 || force.value) && (
                <label class="force">
                  <input
                    type="checkbox"
                    checked={force.value}
                    onChange={(event) => (force.value = event.currentTarget.checked)}
                  />
                  also what others have changed
                </label>
              )}
              <button
                type="button"
                class="button primary"
                disabled={busy || running || doable === 0}
                onClick={() => void send(base, { hash: plan.hash, run, force: force.value })}
              >
                Undo: put back {plural(doable, 'change')}
              </button>
            </>
          }
        >
          {conflicts > 0
            ? `${plural(conflicts, 'change is', 'changes are')} kept, because somebody has changed the same since.`
            : 'Newest first; each is put back as it was before. The journal keeps that too, so this can be undone as well.'}
        </Foot>
      )}
    </Panel>
  )
}
