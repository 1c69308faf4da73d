import type { JSX } from 'preact'
import { span, seconds, visible } from '../format.ts'
import { now } from '../state/clock.ts'
import { tonight } from '../state/feeds.ts'
import { connection, stale } from '../state/live.ts'
import { ThemeButton } from './theme-button.tsx'
import { openPalette } from './overlays.ts'

/** `live · 02:14:07`, or since when what is shown is old. */
function LiveState(): JSX.Element {
  const age = stale.value
  const state = connection.value
  if (state === 'paused') return <span class="badge">paused</span>
  if (state === 'lost' || age !== null) {
    return (
      <span class="badge warning" role="status">
        {state === 'lost' ? 'no answer' : 'stale'}
        {age !== null && ` · ${span(age)} old`}
      </span>
    )
  }
  return (
    <span class="live">
      {state === 'live' ? 'live' : 'connecting'} · {seconds(now.value)}
    </span>
  )
}

/** Host, uptime, and how fresh everything below is. */
export function Top(): JSX.Element {
  const document = tonight.document.value
  return (
    <div class="top">
      {document && (
        <>
          <span class="host" title={visible(document.host)}>
            {visible(document.host)}
          </span>
          <span class="hide-narrow">up {span(now.value - document.booted)}</span>
        </>
      )}
      <div class="right">
        <LiveState />
        <ThemeButton />
        <button type="button" class="hide-narrow" aria-label="Search and commands" onClick={openPalette}>
          <kbd>Ctrl K</kbd>
        </button>
      </div>
    </div>
  )
}
