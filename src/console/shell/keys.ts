import { go } from '../state/router.ts'
import { tokenQuestion } from '../state/token.ts'
import { openPalette, openShortcuts, overlay } from './overlays.ts'

/** After `g`, the second letter is waited for this long, ms. */
const SECOND_KEY = 1200

const PLACES: Readonly<Record<string, string>> = {
  t: '/',
  a: '/alerts',
  i: '/interrupts',
  c: '/connections',
  s: '/setups',
  m: '/tormap',
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function focusFilter(): boolean {
  const field = document.querySelector<HTMLInputElement>('main [data-filter]')
  field?.focus()
  field?.select()
  return field !== null
}

/** Listens for the shortcuts of the shell. */
export function startKeys(): void {
  let went = 0
  addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !tokenQuestion.value) {
      event.preventDefault()
      openPalette()
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey || overlay.value || tokenQuestion.value || typing(event.target))
      return
    const place = performance.now() - went < SECOND_KEY ? PLACES[event.key] : undefined
    went = event.key === 'g' ? performance.now() : 0
    if (place !== undefined) go(place)
    else if (event.key === '?') openShortcuts()
    else if (event.key !== '/' || !focusFilter()) return
    event.preventDefault()
  })
}
