import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { NightEvent } from '#core/alerts/types.ts'
import type { Tonight } from '#core/http/documents.ts'
import { clock, fromHostDate, hostDate } from '../host-time.ts'
import { pages } from '../../systems/pages.ts'
import { plural, prose } from '../format.ts'
import { now } from '../state/clock.ts'
import { Mark, type State } from '../ui/mark.tsx'
import { useWidth } from '../ui/width.ts'
import { layoutNight, nightHours, skyStops, type NightMark } from './night-layout.ts'

/** Below this width, px, the line becomes a list by hour. */
const LINE_FROM = 620
const MINUTE = 60_000

const context = document.createElement('canvas').getContext('2d')

/** Width of a label, px, in the font of the night line. */
function measure(text: string): number {
  if (!context) return text.length * 7
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`
  return context.measureText(text).width
}

/** The page an event came from, at its time. */
function eventHref(event: NightEvent): string {
  return pages[event.system] ? `/${event.system}?at=${event.at}` : '/alerts'
}

function stateOf(event: NightEvent): State {
  return event.severity
}

function Tip({ mark, width }: { readonly mark: NightMark; readonly width: number }): JSX.Element {
  const side = mark.x > width * 0.6 ? 'to-left' : mark.x < width * 0.4 ? 'to-right' : ''
  return (
    <span class={`night-tip ${side}`} role="tooltip">
      {mark.events.slice(0, 8).map((event) => (
        <span key={event.id}>
          <Mark state={stateOf(event)} />
          <b>{clock(event.at)}</b>
          <span>
            {event.system}: {prose(event.text)}
          </span>
        </span>
      ))}
      {mark.events.length > 8 && <span>{mark.events.length - 8} more</span>}
    </span>
  )
}

function Event({ mark, width }: { readonly mark: NightMark; readonly width: number }): JSX.Element | null {
  const first = mark.events[0]
  if (!first) return null
  const { label } = mark
  return (
    <a class="night-event" href={eventHref(first)} style={{ left: `${mark.x}px` }}>
      <Mark state={stateOf(first)} />
      {mark.events.length > 1 && (
        <span class="night-count" aria-hidden="true">
          {mark.events.length}
        </span>
      )}
      {label && (
        <>
          <span class={`night-stem lane${label.lane}`} aria-hidden="true" />
          <span
            class={`night-label lane${label.lane}`}
            aria-hidden="true"
            style={{ left: `${label.left - mark.x}px`, width: `${label.width}px` }}
          >
            {label.text}
          </span>
        </>
      )}
      <Tip mark={mark} width={width} />
    </a>
  )
}

function Line({ night, width }: { readonly night: Tonight['night']; readonly width: number }): JSX.Element {
  const { events, from, to } = night
  const marks = useMemo(() => layoutNight(events, from, to, width, measure), [events, from, to, width])
  const hours = useMemo(() => nightHours(from, to, width), [from, to, width])
  // By day the line ends at the moment when its document was made.
  const here = ((Math.min(now.value, to) - from) / (to - from)) * width
  return (
    <div class="night-line">
      <div class="night-sky" style={{ '--sky': skyStops(from, to) }} />
      {hours.map((hour) => (
        <span key={hour.at} class="night-hour" style={{ left: `${hour.x}px` }}>
          {hour.label && <small>{clock(hour.at).slice(0, 2)}</small>}
        </span>
      ))}
      {here >= 0 && (
        <span class="night-now" style={{ left: `${here}px` }}>
          <small style={{ translate: `${here < 30 ? 0 : here > width - 30 ? -100 : -50}%` }}>
            now {clock(now.value)}
          </small>
        </span>
      )}
      {marks.map((mark) => (
        <Event key={mark.events[0]?.id} mark={mark} width={width} />
      ))}
    </div>
  )
}

/** The same by hour, the newest first. */
function List({ events }: { readonly events: readonly NightEvent[] }): JSX.Element {
  const hours = new Map<number, NightEvent[]>()
  for (const event of events.toSorted((a, b) => b.at - a.at)) {
    const full = hostDate(event.at)
    full.setMinutes(0, 0, 0)
    const hour = fromHostDate(full)
    hours.set(hour, [...(hours.get(hour) ?? []), event])
  }
  return (
    <ol class="night-list">
      {[...hours].map(([hour, list]) => (
        <li key={hour}>
          <h3>{clock(hour)}</h3>
          <ul>
            {list.map((event) => (
              <li key={event.id}>
                <a href={eventHref(event)}>
                  <Mark state={stateOf(event)} />
                  <span>
                    <span class="faint">{event.system}</span> {prose(event.text)}
                  </span>
                  <small>{clock(event.at)}</small>
                </a>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  )
}

/** Everything that happened from 20:00 to 06:00 (by day: the last 24 hours), on one line or by hour. */
export function Night({ night }: { readonly night: Tonight['night'] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  const list = useSignal(false)
  const narrow = width > 0 && width < LINE_FROM
  const atNight = Math.abs(night.to - night.from - 600 * MINUTE) < 61 * MINUTE
  const title = atNight ? 'This night' : 'The last 24 hours'
  const { events } = night
  return (
    <section class="panel night" aria-label={title}>
      <div class="night-title">
        <h2>{title}</h2>
        <small>{events.length === 0 ? 'nothing happened' : plural(events.length, 'event')}</small>
        {!narrow && events.length > 0 && (
          <button type="button" class="link" aria-pressed={list.value} onClick={() => (list.value = !list.value)}>
            {list.value ? 'as a line' : 'as a list'}
          </button>
        )}
      </div>
      <div ref={box} class="night-box">
        {width > 0 &&
          (narrow || (list.value && events.length > 0) ? (
            <List events={events} />
          ) : (
            <Line night={night} width={width} />
          ))}
      </div>
    </section>
  )
}
