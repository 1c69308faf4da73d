import type { JSX } from 'preact'

/** How something is: shape and word say it, colour only repeats it. */
export type State = 'ok' | 'warning' | 'critical' | 'off' | 'info'

const WORDS: Readonly<Record<State, string>> = { ok: 'up', warning: 'look', critical: 'bad', off: 'off', info: 'note' }

/** Filled circle up, diamond look, square bad, ring off; the word is for screen readers. */
export function Mark({ state, word }: { readonly state: State; readonly word?: string }): JSX.Element {
  return (
    <i class={`mark ${state}`}>
      <span class="vh">{word ?? WORDS[state]}</span>
    </i>
  )
}

/** A state as a word in a frame. */
export function Badge(props: { readonly state?: State | 'moon'; readonly children: string }): JSX.Element {
  return <span class={`badge ${props.state ?? ''}`}>{props.children}</span>
}
