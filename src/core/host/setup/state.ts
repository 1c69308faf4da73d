/** How a set-up stands: one word for the terminal and the page. Pure. */
import type { SetupDocument } from './documents.ts'

/** `drifted`: something is not as it was set, or the wish is another one now. */
export type SetupState = 'applied' | 'drifted' | 'cut short' | 'not applied' | 'as wanted' | 'unknown'

/** How one set-up stands. */
export function stateOf({ pending, standing, last }: SetupDocument): SetupState {
  if (pending === null) return 'unknown'
  if (last !== null && standing > 0 && (last.outcome === 'killed' || last.outcome === 'stopped')) return 'cut short'
  if (standing > 0) return pending === 0 ? 'applied' : 'drifted'
  return pending === 0 ? 'as wanted' : 'not applied'
}
