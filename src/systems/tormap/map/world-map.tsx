import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { count } from '#core/units.ts'
import { paint } from '../../../console/state/theme.ts'
import type { MapWire, NamesWire } from '../wire.ts'
import { startControl, type Control, type Pointed } from './control.tsx'
import { MapTip } from './map-tip.tsx'
import type { Place } from './view.ts'
import { REGIONS } from './world.ts'

/** What the map shows. */
export interface WorldMapProps {
  readonly map: MapWire
  /** null until they are loaded; then hover and reading aloud name the relays. */
  readonly names: NamesWire | null
  /** Whether a relay is shown. A new function when the answer changes: the map keeps what it grouped until then. */
  readonly visible: (row: number) => boolean
  readonly selected: number | null
  /** These stand out and the rest fades: a family, an AS, what a search found. */
  readonly highlighted: ReadonlySet<number> | null
  /** Rows of the relays of each circuit, first hop first. */
  readonly circuits: readonly (readonly number[])[]
  onSelect(row: number | null): void
  /** The map shows a tip of its own; this is for what else the page shows of the relay under the pointer. */
  onHover?(row: number | null): void
  /** Where to look first; null: at all of it. */
  readonly start?: Place | null
  /** What is looked at has changed; null: all of it. Comes with every frame of a movement. */
  onLook?(place: Place | null): void
}

/** A key that the map takes does nothing else. */
function taken(event: KeyboardEvent, handle: ((key: string) => boolean) | undefined): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (handle?.(event.key) === true) event.preventDefault()
}

const BUTTONS = [
  ['Zoom in', 'M8 3v10M3 8h10'],
  ['Zoom out', 'M3 8h10'],
  ['Back to the first view', 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3'],
] as const

/** The world with all relays: drawn here, with nobody asked for tiles. */
export function WorldMap(props: WorldMapProps): JSX.Element {
  const { map, names, visible, selected, highlighted, circuits } = props
  const stage = useRef<HTMLDivElement>(null)
  const cursor = useRef<HTMLDivElement>(null)
  const control = useRef<Control | null>(null)
  const latest = useRef(props)
  latest.current = props
  const pointed = useSignal<Pointed | null>(null)

  useLayoutEffect(() => {
    if (!stage.current) return undefined
    const started = startControl(stage.current, {
      content: () => latest.current,
      start: props.start ?? null,
      onLook: (place) => latest.current.onLook?.(place),
      onSelect: (row) => latest.current.onSelect(row),
      onPoint: (next) => {
        if (next?.row !== pointed.peek()?.row) latest.current.onHover?.(next?.row ?? null)
        pointed.value = next
        if (next && cursor.current) cursor.current.style.translate = `${next.at[0]}px ${next.at[1]}px`
      },
    })
    control.current = started
    return () => started.stop()
  }, [])
  useLayoutEffect(() => control.current?.show(), [map, visible, selected, highlighted, circuits])
  useSignalEffect(() => {
    void paint.value
    control.current?.recolour()
  })
  const acts = [() => control.current?.zoom(2), () => control.current?.zoom(0.5), () => control.current?.reset()]
  return (
    <div class="world-map">
      <div
        ref={stage}
        class="map-stage"
        role="application"
        aria-roledescription="map"
        aria-label={`World map of ${count(map.hour.relays)} relays. Arrow keys move it, plus and minus zoom, 0 goes back to the first view; the next stop goes from relay to relay.`}
        tabIndex={0}
        onKeyDown={(event) => taken(event, control.current?.mapKey)}
      >
        <canvas />
        <canvas />
        <canvas />
      </div>
      <div
        ref={cursor}
        class="map-cursor"
        role="application"
        aria-label="Relays on the map. Arrow keys go from dot to dot, Enter selects; again, the next at the same place."
        tabIndex={0}
        onFocus={() => control.current?.enterDots(true)}
        onBlur={() => control.current?.enterDots(false)}
        onKeyDown={(event) => taken(event, control.current?.dotKey)}
      />
      <MapTip pointed={pointed} map={map} names={names} />
      <div class="map-buttons regions" role="group" aria-label="Look at">
        {REGIONS.map(([name, box]) => (
          <button key={name} type="button" onClick={() => control.current?.visit(box)}>
            {name}
          </button>
        ))}
      </div>
      <div class="map-buttons">
        {BUTTONS.map(([label, path], index) => (
          <button key={label} type="button" aria-label={label} title={label} onClick={acts[index]}>
            <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true">
              <path d={path} />
            </svg>
          </button>
        ))}
      </div>
    </div>
  )
}
