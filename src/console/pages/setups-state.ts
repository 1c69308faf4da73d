/** How set-ups stand, in words. Pure. */
import type { Answer } from '#core/http/documents.ts'
import type { SetupDocument, SetupList } from '#core/host/setup/documents.ts'
import { type SetupState, stateOf } from '#core/host/setup/state.ts'
import { plural } from '../format.ts'
import type { State } from '../ui/mark.tsx'

const MARKS: Readonly<Record<SetupState, State>> = {
  applied: 'ok',
  'as wanted': 'ok',
  drifted: 'warning',
  'cut short': 'warning',
  unknown: 'warning',
  'not applied': 'off',
}

/** Its mark. */
export function markOf(setup: SetupDocument): State {
  return MARKS[stateOf(setup)]
}

/** The mark of the whole page: the worst that asks for something. */
export function pageMark({ setups }: SetupList): { readonly mark: State; readonly word: string } {
  const states = setups.map(stateOf)
  const look = states.filter((state) => MARKS[state] === 'warning').length
  if (look > 0) return { mark: 'warning', word: `${look} to look at` }
  return states.includes('applied') ? { mark: 'ok', word: 'as set' } : { mark: 'off', word: 'none applied' }
}

/** What would be done, or why that is not known. */
export function pendingText({ pending, error }: SetupDocument): string {
  if (pending === null) return error ?? 'could not be found out'
  return pending === 0 ? 'nothing to change' : `${plural(pending, 'change')} to make`
}

const CAREFUL =
  'A set-up shows its plan with the reasons, changes what you have seen and nothing else, and can put back what was there before.'

/** What is so with this machine, in one sentence. */
export function answerOf({ setups }: SetupList): Answer {
  const of = (state: SetupState): readonly SetupDocument[] => setups.filter((setup) => stateOf(setup) === state)
  const [cut] = of('cut short')
  if (cut) {
    return {
      severity: 'warning',
      sentence: `The last run of ${cut.name} was cut short.`,
      paragraph: `${plural(cut.standing, 'change')} of it ${cut.standing === 1 ? 'stands' : 'stand'}: apply goes on where it ended, undo puts back what was there before.`,
    }
  }
  const [drifted, ...moreDrifted] = of('drifted')
  if (drifted) {
    const others =
      moreDrifted.length > 0 ? ` So ${moreDrifted.length === 1 ? 'has one' : `have ${moreDrifted.length}`} more.` : ''
    return {
      severity: 'warning',
      sentence: `${drifted.name} has drifted: ${plural(drifted.pending ?? 0, 'thing is', 'things are')} not as set.`,
      paragraph: `Somebody has changed it since, or the configuration wants something else now. The plan shows what.${others}`,
    }
  }
  const [unknown] = of('unknown')
  if (unknown) {
    return {
      severity: 'warning',
      sentence: `How ${unknown.name} stands can't be found out.`,
      paragraph: unknown.error ?? '',
    }
  }
  const applied = of('applied').length
  if (applied > 0) {
    const sentence = applied === 1 ? 'One set-up is applied' : `${applied} set-ups are applied`
    return { severity: 'ok', sentence: `${sentence}; nothing has drifted.`, paragraph: CAREFUL }
  }
  return { severity: 'ok', sentence: 'Nothing on this machine was changed.', paragraph: CAREFUL }
}
