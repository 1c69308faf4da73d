import type { JSX } from 'preact'
import { middle } from '#core/units.ts'
import { visible } from '../format.ts'
import { isNarrow } from '../state/narrow.ts'

interface Props {
  readonly text: string
  /** Characters that fit; a longer name keeps both ends. */
  readonly width: number
  /** The same on a narrow screen. */
  readonly narrow?: number
  readonly mono?: boolean
}

/** A name from outside: harmless, shortened in the middle, whole on hover and focus. */
export function Name({ text, width, narrow, mono }: Props): JSX.Element {
  const full = visible(text)
  const short = middle(full, isNarrow.value ? (narrow ?? width) : width)
  const kind = mono ? 'name mono' : 'name'
  if (short === full) return <span class={kind}>{full}</span>
  return (
    <span class={kind} tabIndex={0} title={full} data-full={full} aria-label={full}>
      {short}
    </span>
  )
}
