import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { LogDocument, RunDocument } from '#core/host/setup/documents.ts'
import { moment, plural, sentence, visible } from '../format.ts'
import { asApiError, read, type ApiError } from '../state/api.ts'
import { now } from '../state/clock.ts'
import { Badge, type State } from '../ui/mark.tsx'
import { Empty, Panel, Problem } from '../ui/page-parts.tsx'
import { Diff } from './setups-diff.tsx'
import type { PartProps } from './setups-plan.tsx'

const OUTCOMES: Readonly<Record<RunDocument['outcome'], { readonly state: State; readonly word: string }>> = {
  complete: { state: 'ok', word: 'complete' },
  conflict: { state: 'warning', word: 'conflict' },
  stopped: { state: 'warning', word: 'stopped' },
  killed: { state: 'critical', word: 'killed' },
}

/** Who changed what when, and what was there before. */
export function Journal({ name, tabs, running }: PartProps): JSX.Element {
  const log = useSignal<LogDocument | null>(null)
  const error = useSignal<ApiError | null>(null)
  const load = async (): Promise<void> => {
    try {
      log.value = await read<LogDocument>(`/api/setups/${encodeURIComponent(name)}/log`)
      error.value = null
    } catch (failure) {
      error.value = asApiError(failure)
    }
  }
  useEffect(() => void load(), [name])
  const runs = log.value?.runs
  return (
    <Panel title={`Journal of ${visible(name)}`} end={tabs}>
      {error.value && <Problem error={error.value} retry={() => void load()} />}
      {!runs && !error.value && <div class="body faint">Reads the journal.</div>}
      {runs?.length === 0 && <Empty>Nothing was ever changed by this set-up.</Empty>}
      {runs?.map((run) => (
        <Run key={run.run} name={name} run={run} running={running} />
      ))}
    </Panel>
  )
}

function Run(props: { readonly name: string; readonly run: RunDocument; readonly running: boolean }): JSX.Element {
  const { run, verb, actor, at, outcome, standing, acts, troubles } = props.run
  const { state, word } = OUTCOMES[outcome]
  const href = `/setups?${new URLSearchParams({ setup: props.name, show: 'undo', run: String(run) })}`
  return (
    <details class="run">
      <summary>
        <span class="number">{run}</span>
        <span class="when">{moment(at, now.value)}</span>
        <span class="who">
          <strong>{verb}</strong> by {visible(actor)}
        </span>
        <small>
          {plural(acts.length, 'change')}
          {standing > 0 ? `, ${standing} ${standing === 1 ? 'stands' : 'stand'}` : ''}
        </small>
        <Badge state={state}>{word}</Badge>
      </summary>
      <div class="acts-of">
        {troubles.map((trouble) => (
          <p key={trouble.id}>
            <code>{visible(trouble.id)}</code> {sentence(trouble.why)}
          </p>
        ))}
        <ol class="changes">
          {acts.map((act) => (
            <li key={act.id}>
              <div class="reason">
                <div class="head">
                  <code>{visible(act.id)}</code>
                </div>
                <p>{sentence(act.why)}</p>
              </div>
              <Diff lines={act.diff} />
            </li>
          ))}
        </ol>
        {standing > 0 && (
          <a class="button" href={href}>
            Plan: undo this run
          </a>
        )}
      </div>
    </details>
  )
}
