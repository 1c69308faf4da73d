import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { paused } from '../../console/state/clock.ts'
import { nearest } from './page-hours.tsx'
import type { Atlas } from './page-state.tsx'
import { hourWords, utc } from './page-when.tsx'

const HOUR = 3_600_000
/** How long an hour stays while it plays, ms; longer for those who asked for less motion. */
const BEAT = 400
const CALM_BEAT = 1200

/** Time between two neighbours, ms: an hour, or less on a network that votes more often. */
function stepOf(list: readonly number[]): number {
  return list.reduce((least, at, index) => Math.min(least, at - (list[index - 1] ?? -Infinity)), HOUR)
}

/** Stretches without a gap, as a background of the slider's track: what is missing stays empty. */
function trackOf(list: readonly number[], from: number, to: number, step: number): string {
  const stops: string[] = []
  const place = (at: number): string => `${((100 * (at - from)) / Math.max(step, to - from)).toFixed(2)}%`
  let start = list[0] ?? 0
  list.forEach((at, index) => {
    const next = list[index + 1]
    if (next !== undefined && next - at <= step) return
    stops.push(`var(--line-strong) ${place(start - step / 2)} ${place(at + step / 2)}`)
    if (next !== undefined) stops.push(`var(--line) ${place(at + step / 2)} ${place(next - step / 2)}`)
    start = next ?? at
  })
  return `linear-gradient(to right, ${stops.join(', ')})`
}

/** Steps through the hours until the last one. */
function usePlay(atlas: Atlas): { readonly playing: boolean; toggle(): void } {
  const playing = useSignal(false)
  const shown = atlas.shown.value
  const list = atlas.list.value
  const hidden = paused.value
  const here = shown?.map.hour.validAfter ?? 0
  useEffect(() => {
    if (!playing.value || hidden || here === 0) return undefined
    const next = list[list.indexOf(here) + 1]
    if (next === undefined) {
      playing.value = false
      return undefined
    }
    const beat = matchMedia('(prefers-reduced-motion: reduce)').matches ? CALM_BEAT : BEAT
    // Counted from the moment the hour is on the screen: a slow one makes it slower, not jumpy.
    const timer = setTimeout(() => atlas.goto(next), beat)
    return () => clearTimeout(timer)
  }, [playing.value, here, list, hidden])
  return {
    playing: playing.value,
    toggle: () => {
      playing.value = !playing.peek()
      if (playing.peek() && here === list.at(-1)) atlas.goto(list[0] ?? null)
    },
  }
}

/** Which hour is on the map. The slider stands at its time; hours that nobody kept are gaps in its track. */
export function TimeBar({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const list = atlas.list.value
  const { playing, toggle } = usePlay(atlas)
  const wanted = nearest(list, atlas.at.value)
  const first = list[0] ?? 0
  const last = list.at(-1) ?? 0
  const step = stepOf(list)
  const single = list.length < 2
  const index = wanted === null ? -1 : list.indexOf(wanted)
  const loading = wanted !== null && atlas.shown.value?.map.hour.validAfter !== wanted
  const goto = (at: number | undefined): void => atlas.goto(at === undefined || at === last ? null : at)
  const slide = (value: number): void => {
    const at = first + value * step
    // Over a gap the slider jumps to whichever side the hand moves to.
    const next = wanted !== null && at > wanted ? list.find((one) => one >= at) : list.findLast((one) => one <= at)
    goto(next)
  }
  return (
    <div class="time-bar" role="group" aria-label="Hour">
      {list.length !== 1 && (
        <>
          <button type="button" class="button" disabled={single} aria-pressed={playing} onClick={toggle}>
            <span class="swap">
              <span hidden={playing}>Play</span>
              <span hidden={!playing}>Pause</span>
            </span>
          </button>
          <button
            type="button"
            class="button"
            aria-label="An hour back"
            disabled={index <= 0}
            onClick={() => goto(list[index - 1])}
          >
            ‹
          </button>
          <input
            type="range"
            aria-label="Hour of the consensus"
            aria-valuetext={wanted === null ? '' : utc(wanted)}
            min={0}
            max={Math.max((last - first) / step, 1)}
            step={1}
            disabled={single}
            value={((wanted ?? first) - first) / step}
            style={{ '--track': trackOf(list, first, last, step) }}
            onInput={(event) => slide(Number(event.currentTarget.value))}
          />
          <button
            type="button"
            class="button"
            aria-label="An hour on"
            disabled={index < 0 || index >= list.length - 1}
            onClick={() => goto(list[index + 1])}
          >
            ›
          </button>
        </>
      )}
      <output aria-busy={loading}>
        {wanted === null ? '' : hourWords(wanted)}
        <small>
          {single
            ? 'the only hour there is'
            : index === list.length - 1
              ? `newest of ${list.length}`
              : `${index + 1} of ${list.length}`}
        </small>
      </output>
    </div>
  )
}
