import { signal, type ReadonlySignal, type Signal } from '@preact/signals'

const SECOND = 1000
/** Less than this, ms, is the way a document takes, not a difference of clocks. */
const TOLERANCE = 10_000

const hidden: Signal<boolean> = signal(document.hidden)
const nowSignal: Signal<number> = signal(Date.now())
let ahead = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Whether the tab is in the background: then nothing is fetched and nothing moves. */
export const paused: ReadonlySignal<boolean> = hidden
/** The host's time, ms since 1970; steps once a second. */
export const now: ReadonlySignal<number> = nowSignal

function tick(): void {
  clearTimeout(timer)
  nowSignal.value = Date.now() + ahead
  if (!hidden.value) timer = setTimeout(tick, SECOND - (nowSignal.value % SECOND) + 5)
}

/** Follows the host's clock, which may differ from the browser's: `at` is the host's time of this moment. */
export function followHost(at: number): void {
  const seen = at - Date.now()
  if (Math.abs(seen - ahead) <= TOLERANCE) return
  ahead = Math.abs(seen) > TOLERANCE ? seen : 0
  tick()
}

/** Starts the ticking; stops by itself while the tab is hidden. */
export function startClock(): void {
  document.addEventListener('visibilitychange', () => {
    hidden.value = document.hidden
    tick()
  })
  tick()
}
