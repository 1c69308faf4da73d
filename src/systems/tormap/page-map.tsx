import { signal, type ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { count } from '#core/units.ts'
import { plural, visible } from '../../console/format.ts'
import { Mark } from '../../console/ui/mark.tsx'
import { Problem } from '../../console/ui/page-parts.tsx'
import { WorldMap } from './map/world-map.tsx'
import { Legend } from './page-legend.tsx'
import { RelayCard } from './page-relay.tsx'
import { Results, SearchField } from './page-search.tsx'
import type { Atlas } from './page-state.tsx'
import { Switches } from './page-switches.tsx'
import { TimeBar } from './page-time.tsx'
import { stamp, trust } from './page-words.ts'
import type { HourWire } from './wire.ts'

const NO_CIRCUITS: ReadonlySignal<readonly (readonly number[])[]> = signal([])

/** How far the hour on the map can be believed, above it. */
function Trust({ hour }: { readonly hour: HourWire }): JSX.Element {
  const mark = stamp(hour)
  const state = mark === null ? 'ok' : hour.verified.state === 'bad' && !hour.sample ? 'critical' : 'warning'
  return (
    <p class={`trust ${state}`}>
      <Mark state={state} word={mark ?? 'verified'} />
      {mark !== null && <strong>{mark}</strong>}
      <span>{visible(trust(hour))}</span>
    </p>
  )
}

/** Repeated over the whole map, so that no part of it can be taken for the real thing. */
function Stamp({ hour }: { readonly hour: HourWire }): JSX.Element | null {
  const mark = stamp(hour)
  if (mark === null) return null
  return (
    <div class="stamp" aria-hidden="true">
      <span>{mark}</span>
    </div>
  )
}

function Canvas({ atlas, circuits }: MapProps): JSX.Element {
  const shown = atlas.shown.value
  const found = atlas.found.value
  const highlighted = useMemo(() => (found === null ? null : new Set(found.rows)), [found])
  const choose = (row: number | null): void => (row === null ? atlas.choose(null) : void atlas.chooseRow(row))
  const problem = atlas.problem.value
  return (
    <div class="map-place" aria-busy={shown === null && problem === null}>
      {shown && (
        <>
          <WorldMap
            map={shown.map}
            names={shown.names}
            visible={atlas.visible.value}
            selected={atlas.row.value}
            highlighted={highlighted}
            circuits={(circuits ?? NO_CIRCUITS).value}
            onSelect={choose}
            start={atlas.start()}
            onLook={atlas.lookAt}
          />
          <Stamp hour={shown.map.hour} />
        </>
      )}
      {problem && (
        <div class="map-problem">
          <Problem error={problem} retry={atlas.refresh} />
        </div>
      )}
    </div>
  )
}

function shownWords(atlas: Atlas): string {
  const map = atlas.shown.value?.map
  if (!map) return ''
  const visibleRow = atlas.visible.value
  const all = map.columns.original.length
  let shown = 0
  for (let row = 0; row < all; row += 1) if (visibleRow(row)) shown += 1
  return shown === all ? `all ${plural(all, 'relay')}` : `${count(shown)} of ${plural(all, 'relay')}`
}

/** What the map is drawn from. */
export interface MapProps {
  readonly atlas: Atlas
  /** Rows of each circuit of a local tor. */
  readonly circuits?: ReadonlySignal<readonly (readonly number[])[]> | undefined
}

/** The map, with everything that changes what is on it. */
export function MapPanel({ atlas, circuits }: MapProps): JSX.Element {
  const hour = atlas.shown.value?.map.hour
  return (
    <section class="panel map-panel" aria-label="Map">
      <header>
        <SearchField atlas={atlas} />
        <small class="end">{shownWords(atlas)}</small>
      </header>
      {hour ? <Trust hour={hour} /> : <p class="trust">&nbsp;</p>}
      <div class="map-and-card">
        <Canvas atlas={atlas} circuits={circuits} />
        {atlas.chosen.value !== null && <RelayCard key={atlas.chosen.value} atlas={atlas} />}
      </div>
      <TimeBar atlas={atlas} />
      <Results atlas={atlas} />
      <Switches atlas={atlas} />
      <Legend atlas={atlas} />
    </section>
  )
}
