import { effect, signal, type Signal } from '@preact/signals'

/** `auto` follows the system. */
export type Theme = 'dark' | 'light' | 'auto'

const KEY = 'noc.theme'
const ORDER: readonly Theme[] = ['dark', 'light', 'auto']

function stored(): Theme {
  const value = localStorage.getItem(KEY)
  return ORDER.find((theme) => theme === value) ?? 'dark'
}

/** The theme that was chosen; dark until then. */
export const theme: Signal<Theme> = signal(stored())

/** Grows whenever colours change, so that canvases are drawn anew. */
export const paint: Signal<number> = signal(0)

/** Chooses a theme and remembers it on this browser. */
export function setTheme(next: Theme): void {
  localStorage.setItem(KEY, next)
  theme.value = next
}

/** Dark, light, auto, dark. */
export function nextTheme(): void {
  setTheme(ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'dark')
}

/** Puts the theme on the page and follows the system's preference. */
export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value
    paint.value = paint.peek() + 1
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (paint.value += 1))
}

/** A colour token as the browser computes it now, for canvases. */
export function colour(name: string): string {
  void paint.value
  const probe = document.createElement('i')
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const value = getComputedStyle(probe).color
  probe.remove()
  return value
}
