import type { ComponentChildren, JSX } from 'preact'
import { middle } from '#core/units.ts'
import type { Severity } from '#core/verdict.ts'
import { visible } from '../format.ts'
import { isNarrow } from '../state/narrow.ts'
import { Mark } from './mark.tsx'
import { Sparkline } from './sparkline.tsx'

interface Props {
  readonly label: string
  readonly value: string
  readonly unit: string
  readonly note: string
  readonly severity?: Severity | undefined
  readonly values: readonly (number | null)[]
  /** The page that says more. */
  readonly href?: string | undefined
}

/** Characters of a value that fit a card at its display size, and on a narrow screen. */
const FITS = 15
const FITS_NARROW = 11

/** One figure, what it means, and how it went. */
export function StatCard({ label, value, unit, note, severity, values, href }: Props): JSX.Element {
  const text = visible(value)
  const body: ComponentChildren = (
    <>
      <h2>{visible(label)}</h2>
      <b title={text}>
        {middle(text, isNarrow.value ? FITS_NARROW : FITS)}
        {unit && <span>{visible(unit)}</span>}
      </b>
      <small title={visible(note)}>
        {severity && <Mark state={severity} />}
        <span>{visible(note)}</span>
      </small>
      <Sparkline values={values} severity={severity} />
    </>
  )
  if (href === undefined) return <div class="panel stat">{body}</div>
  return (
    <a class="panel stat" href={href}>
      {body}
    </a>
  )
}
