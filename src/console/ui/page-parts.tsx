import type { ComponentChildren, JSX } from 'preact'
import type { Answer } from '#core/http/documents.ts'
import { prose, visible } from '../format.ts'
import { ApiError } from '../state/api.ts'

/** The answer of a page: what is so, then why it matters. */
export function AnswerBlock({ answer }: { readonly answer: Answer }): JSX.Element {
  return (
    <section class="answer">
      <h1>{prose(answer.sentence)}</h1>
      {answer.paragraph && <p>{prose(answer.paragraph)}</p>}
    </section>
  )
}

interface PanelProps {
  readonly title: string
  /** At the right of the title. */
  readonly end?: ComponentChildren
  readonly class?: string
  readonly id?: string
  readonly children: ComponentChildren
}

/** A framed part with a title. */
export function Panel({ title, end, class: kind = '', id, children }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${kind}`} aria-label={title} {...(id === undefined ? {} : { id })}>
      <header>
        <h2>{title}</h2>
        {end !== undefined && <div class="end">{end}</div>}
      </header>
      {children}
    </section>
  )
}

/** After an upgrade the daemon no longer has the code that an open tab knows of. */
export const CODE_GONE: ApiError = new ApiError(
  0,
  'NOC_CONSOLE_OLD',
  'The code of this part could not be loaded.',
  'Load the console again: the daemon may be newer, or not running.',
)

/** Why there is nothing here, in place of the content. */
export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <div class="state-note">{children}</div>
}

/** What failed, why, and what to do. */
export function Problem(props: { readonly error: ApiError; readonly retry?: () => void }): JSX.Element {
  const { error, retry } = props
  return (
    <div class="state-note" role="alert">
      <strong>{visible(error.message)}</strong>
      {error.hint && <span>{visible(error.hint)}</span>}
      {retry && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** A page whose document has not come: nothing for a moment, then its shape, or why it doesn't come. */
export function Waiting(props: { readonly problem: ApiError | null; readonly retry: () => void }): JSX.Element {
  if (props.problem) {
    return (
      <div class="page">
        <section class="answer">
          <h1>This page has no answer right now.</h1>
        </section>
        <div class="panel">
          <Problem error={props.problem} retry={props.retry} />
        </div>
      </div>
    )
  }
  return (
    <div class="page waiting" aria-busy="true">
      <span class="vh" role="status">
        Loading
      </span>
      <div class="answer">
        <div class="skeleton line" />
        <div class="skeleton line" />
      </div>
      <div class="cards">
        <div class="skeleton card" />
        <div class="skeleton card" />
        <div class="skeleton card" />
        <div class="skeleton card" />
      </div>
      <div class="skeleton block" />
    </div>
  )
}
