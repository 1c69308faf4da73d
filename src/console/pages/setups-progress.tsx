import type { JSX } from 'preact'
import type { ProgressDocument } from '#core/host/setup/documents.ts'
import { plural, visible } from '../format.ts'
import { Mark, type State } from '../ui/mark.tsx'
import { ApiError } from '../state/api.ts'
import { Panel, Problem } from '../ui/page-parts.tsx'

interface Step {
  readonly id: string
  readonly state: State
  readonly word: string
}

/** What has become of each thing so far, in the order of the run. */
export function stepsOf({ events, running }: Pick<ProgressDocument, 'events' | 'running'>): readonly Step[] {
  const steps = new Map<string, Step>()
  const put = (id: string, state: State, word: string): void => void steps.set(id, { id, state, word })
  for (const event of events) {
    if (event.event === 'act') put(event.id, running ? 'info' : 'critical', running ? 'under way' : 'it stopped here')
    if (event.event === 'done') put(event.id, 'ok', 'done')
    if (event.event === 'same') put(event.id, 'ok', 'was so already')
    if (event.event === 'reload') put(`${event.id} `, 'ok', 'has read its configuration again')
    if (event.event === 'conflict') put(event.id, 'warning', 'kept: others have changed it since')
  }
  return [...steps.values()]
}

function titleOf({ setup, events, running, error }: ProgressDocument, done: number): string {
  const begin = events.find((event) => event.event === 'begin')
  const verb = begin?.event === 'begin' ? begin.verb : 'apply'
  const name = visible(setup)
  if (running) return verb === 'apply' ? `Applying ${name}` : `Undoing ${name}`
  if (error !== null) return `${name}: ${verb} stopped after ${plural(done, 'change')}`
  return verb === 'apply' ? `${name} is applied` : `${name} is undone`
}

/** A run, step by step, and how it ended. */
export function Progress({ progress }: { readonly progress: ProgressDocument }): JSX.Element {
  const { running, error } = progress
  const steps = stepsOf(progress)
  const done = steps.filter((step) => step.state === 'ok').length
  const kept = steps.filter((step) => step.state === 'warning').length
  return (
    <Panel
      title={titleOf(progress, done)}
      class="progress"
      end={
        <small role="status">
          {running
            ? 'goes on; you may leave this page'
            : `${plural(done, 'step')} done${kept > 0 ? `, ${kept} kept` : ''}`}
        </small>
      }
    >
      {error !== null && <Problem error={new ApiError(0, error.code, error.message, error.hint ?? undefined)} />}
      <ol class="steps">
        {steps.map((step) => (
          <li key={step.id}>
            <Mark state={step.state} word={step.word} />
            <code>{visible(step.id.trim())}</code>
            <small>{step.word}</small>
          </li>
        ))}
      </ol>
    </Panel>
  )
}
