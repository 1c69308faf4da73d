import type { JSX } from 'preact'
import { middle } from '#core/units.ts'
import { visible } from '../format.ts'

interface Props {
  readonly text: string
  /** Characters that fit; a longer name keeps both ends. */
  readonly width: number
  readonly mono?: boolean
}

/** A name from outside: harmless, shortened in the middle, whole on hover and focus. */
export function Name({ text, width, mono }: Props): JSX.Element {
  const full = visible(text)
  const short = middle(full, width)
  const kind = mono ? 'name mono' : 'name'
  if (short === full) return <span class={kind}>{full}</span>
  return (
    <span class={kind} tabIndex={0} title={full} data-full={full} aria-label={full}>
      {short}
    </span>
  )
}
