/** A set-up as this host's configuration has it: how it is described, planned and run for whoever asks. */
import { reasonOf } from '../../errors.ts'
import { apply } from './apply.ts'
import { planDocument, undoDocument } from './describe.ts'
import type { PlanDocument, SetupDocument, UndoDocument } from './documents.ts'
import { runs, standing } from './history.ts'
import { openJournal, type Journal } from './journal.ts'
import { kindsByName } from './kinds/index.ts'
import { makePlan } from './plan.ts'
import type { Session } from './run.ts'
import type { Plan, Setup, SetupEvent } from './types.ts'
import { type UndoWish, planUndo, undo } from './undo.ts'

/** A set-up with its table of the configuration. */
export interface ConfiguredSetup {
  readonly setup: Setup
  readonly config: unknown
}

/** Which changes undo is asked for. */
export type Part = Pick<UndoWish, 'run' | 'force'>

/** A run that somebody has seen the plan of. */
export interface Wanted extends Part {
  readonly verb: 'apply' | 'undo'
  /** Of what they saw: it is refused when something has moved since. */
  readonly hash: string
  readonly actor: string
}

/** What can be asked of one set-up, here or through the helper. */
export interface SetupWork {
  describe(): Promise<SetupDocument>
  plan(): Promise<PlanDocument>
  undoPlan(part: Part): Promise<UndoDocument>
  /** Whatever refuses it (stale, locked, guarded) does so before the first event. */
  run(wanted: Wanted): AsyncGenerator<SetupEvent>
}

/** As it is now. */
export function journalOf(data: string, { setup }: ConfiguredSetup): Journal {
  return openJournal(data, setup.name, { writable: false })
}

/** Does the work in this process. */
export function workHere(place: Omit<Session, 'actor'>, one: ConfiguredSetup): SetupWork {
  const { host, data } = place
  const { setup, config } = one
  const plan = async (journal = journalOf(data, one)): Promise<Plan> =>
    makePlan(host, setup.name, setup.steps(config), journal.entries)
  const wish = (rest: Part & Pick<UndoWish, 'hash'>): UndoWish => ({
    setup: setup.name,
    kinds: kindsByName(setup.kinds),
    ...rest,
  })
  return {
    plan: async () => planDocument(await plan()),
    undoPlan: async (part) =>
      undoDocument(setup.name, await planUndo(host, journalOf(data, one), wish({ ...part, hash: null }))),
    async *run({ verb, hash, actor, ...part }) {
      const session = { ...place, actor }
      if (verb === 'undo') yield* undo(session, wish({ ...part, hash }))
      // apply compares once more, with the lock held.
      else yield* apply(session, { ...(await plan()), hash })
    },
    async describe() {
      const { name, summary } = setup
      try {
        const journal = journalOf(data, one)
        const stands = standing(journal.entries).filter(({ undoes }) => undoes === null).length
        const [last = null] = runs(journal.entries)
        const about = last && { run: last.run, verb: last.verb, actor: last.actor, at: last.at, outcome: last.outcome }
        const known = { name, summary, standing: stands, last: about }
        return await plan(journal).then(
          ({ changes }) => ({ ...known, pending: changes.length, error: null }),
          (error: unknown) => ({ ...known, pending: null, error: reasonOf(error) }),
        )
      } catch (error) {
        return { name, summary, standing: 0, last: null, pending: null, error: reasonOf(error) }
      }
    },
  }
}
