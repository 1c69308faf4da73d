/** The map's colours as the style sheet has them now. */
import { colour } from '../../../console/state/theme.ts'
import { MARKS } from './marks.ts'

export interface Colours {
  /** Beyond the edge of the world. */
  readonly void: string
  readonly sea: string
  readonly graticule: string
  readonly land: string
  readonly border: string
  readonly accent: string
  readonly accentHaze: string
  readonly ink: string
  /** By class, as in MARKS. */
  readonly relays: readonly string[]
}

/** Reads the tokens; again whenever the theme changes. */
export function readColours(): Colours {
  return {
    void: colour('map-void'),
    sea: colour('map-sea'),
    graticule: colour('map-graticule'),
    land: colour('map-land'),
    border: colour('map-border'),
    accent: colour('moon'),
    accentHaze: colour('moon-haze'),
    ink: colour('ink'),
    relays: MARKS.map((mark) => colour(mark.token)),
  }
}
