import { effect } from '@preact/signals'
import { clock } from '../host-time.ts'
import { visible } from '../format.ts'
import { paused } from '../state/clock.ts'
import { tonight } from '../state/feeds.ts'
import { path } from '../state/router.ts'

/** The tab's title carries the state: how many alerts wait, and as of when while the tab sleeps. */
export function startTitle(): void {
  effect(() => {
    const now = tonight.document.value
    const waiting = now?.findings.filter((alert) => alert.acknowledged === null).length ?? 0
    const state = waiting > 0 ? `${waiting} open` : 'quiet'
    const as = paused.value ? ` at ${clock(now?.at ?? 0)}` : ''
    const page = path.value === '/' ? 'Tonight' : visible(path.value.slice(1))
    document.title = now ? `${state}${as} · ${page} · ${visible(now.host)}` : `${page} · Nocturne`
  })
}
