import type { ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MapWire, NamesWire } from '../wire.ts'
import type { Pointed } from './control.tsx'
import { relayWords } from './words.ts'

/** Px between dot and tip, and between tip and the edge of the map. */
const GAP = 12
const EDGE = 6

interface Props {
  readonly pointed: ReadonlySignal<Pointed | null>
  readonly map: MapWire
  readonly names: NamesWire | null
}

/** Says beside the dot that is pointed at which relay it is, and to those who came by key, aloud. */
export function MapTip({ pointed, map, names }: Props): JSX.Element {
  const tip = useRef<HTMLDivElement>(null)
  const here = pointed.value
  const words = here ? relayWords(map, names, here.row, here.alike) : null
  useLayoutEffect(() => {
    const [element, box] = [tip.current, tip.current?.parentElement]
    if (!element || !box || !here) return
    const { offsetWidth: width, offsetHeight: height } = element
    const left = Math.max(EDGE, Math.min(box.clientWidth - width - EDGE, here.at[0] - width / 2))
    const above = here.at[1] - GAP - height
    element.style.translate = `${Math.round(left)}px ${Math.round(above < EDGE ? here.at[1] + GAP : above)}px`
  }, [here, names])
  return (
    <>
      <div ref={tip} class="map-tip" aria-hidden="true" hidden={!words}>
        <b>{words?.name}</b>
        <span>{words?.what}</span>
        <span>{words?.where}</span>
      </div>
      <span class="vh" role="status">
        {here?.byKey && words ? `${words.name}, ${words.what}, ${words.where}` : ''}
      </span>
    </>
  )
}
