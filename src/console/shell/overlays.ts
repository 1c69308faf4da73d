import { signal, type Signal } from '@preact/signals'

/** Which dialog of the shell is open. */
export const overlay: Signal<'palette' | 'shortcuts' | null> = signal(null)

/** Opens the palette: pages, acts, commands. */
export function openPalette(): void {
  overlay.value = 'palette'
}

/** Opens the list of shortcuts. */
export function openShortcuts(): void {
  overlay.value = 'shortcuts'
}
