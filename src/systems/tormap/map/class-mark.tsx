import type { JSX } from 'preact'
import type { OriginalClass } from '../types.ts'
import { MARKS } from './marks.ts'

/** The dot of a class as the map draws it, for legends and lists; `countryOnly`: as the ring of an inexact place. */
export function ClassMark(props: { readonly of: OriginalClass; readonly countryOnly?: boolean }): JSX.Element {
  const mark = MARKS.find((one) => one.name === props.of)
  return (
    <svg class={`class-mark ${mark?.token}${props.countryOnly ? ' ring' : ''}`} viewBox="-2 -2 4 4" aria-hidden="true">
      <path d={mark?.path} />
    </svg>
  )
}
