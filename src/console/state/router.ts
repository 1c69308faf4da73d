import { signal, type ReadonlySignal, type Signal } from '@preact/signals'

const pathSignal: Signal<string> = signal(location.pathname)
const searchSignal: Signal<URLSearchParams> = signal(new URLSearchParams(location.search))

/** Path of the page that is shown. */
export const path: ReadonlySignal<string> = pathSignal
/** Its query: what is filtered, sorted, zoomed. */
export const search: ReadonlySignal<URLSearchParams> = searchSignal

function sync(): void {
  pathSignal.value = location.pathname
  searchSignal.value = new URLSearchParams(location.search)
}

/** Opens a page of the console. */
export function go(href: string): void {
  const before = location.pathname
  history.pushState(null, '', href)
  sync()
  if (location.pathname === before) return
  scrollTo(0, 0)
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
}

/** Changes the query of this page in place; null removes. `push` makes it a step of the back button. */
export function setQuery(changes: Readonly<Record<string, string | null>>, push = false): void {
  const next = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name)
    else next.set(name, value)
  }
  const query = next.toString()
  const href = location.pathname + (query ? `?${query}` : '')
  history[push ? 'pushState' : 'replaceState'](null, '', href)
  sync()
}

function plainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
}

/** Lets links inside the console work without loading the page anew. */
export function startRouter(): void {
  addEventListener('popstate', sync)
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!link || event.defaultPrevented || !plainClick(event)) return
    if (link.origin !== location.origin || link.hasAttribute('download') || link.pathname.startsWith('/api/')) return
    if (link.hash && link.pathname === location.pathname) return
    event.preventDefault()
    go(link.href)
  })
}
