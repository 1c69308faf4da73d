import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { tokenQuestion } from '../state/token.ts'
import { Dialog } from '../ui/dialog.tsx'

/** Asks for the start-up token when something that acts was refused. */
export function TokenDialog(): JSX.Element | null {
  const given = useSignal('')
  const question = tokenQuestion.value
  if (!question) return null
  const answer = (value: string | null): void => {
    given.value = ''
    question.answer(value)
  }
  return (
    <Dialog label="Token" onClose={() => answer(null)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const value = given.value.trim()
          if (value) answer(value)
        }}
      >
        <h2>This needs the token</h2>
        <p>
          {question.refused
            ? 'The one that this tab has was refused.'
            : 'Whoever acts on this machine shows that they may.'}{' '}
          On the host, <code>noc token</code> prints it; the console keeps it for this tab only.
        </p>
        <input
          class="field"
          type="password"
          aria-label="Token"
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={given.value}
          onInput={(event) => (given.value = event.currentTarget.value)}
        />
        <div class="acts">
          <button type="button" class="button" onClick={() => answer(null)}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={given.value.trim() === ''}>
            Go on
          </button>
        </div>
      </form>
    </Dialog>
  )
}
