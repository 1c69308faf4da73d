import { signal, type ReadonlySignal, type Signal } from '@preact/signals'

// The same width at which the style sheets change over.
const query = matchMedia('(max-width: 720px)')
const state: Signal<boolean> = signal(query.matches)
query.addEventListener('change', () => (state.value = query.matches))

/** Whether the screen is as narrow as a phone's. */
export const isNarrow: ReadonlySignal<boolean> = state
