import type { JSX } from 'preact'
import type { Quantity } from '#core/units.ts'

/** A figure with its unit small behind it. */
export function Figure({ value, unit }: Quantity): JSX.Element {
  return (
    <>
      {value}
      <span class="unit">{unit}</span>
    </>
  )
}
