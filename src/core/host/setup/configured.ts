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
      try {
        const journal = journalOf(data, one)
        return { ...fromJournal(setup, journal), pending: (await plan(journal)).changes.length, error: null }
      } catch (error) {
        return notLookedAt(data, one, error)
      }
    },
  }
}

/** What its journal tells of a set-up that can't be looked at, and why it can't. */
export function notLookedAt(data: string, one: ConfiguredSetup, why: unknown): SetupDocument {
  const unknown = { pending: null, error: reasonOf(why) }
  try {
    return { ...fromJournal(one.setup, journalOf(data, one)), ...unknown }
  } catch {
    // A journal that can't be read is most likely why it couldn't be looked at.
    const { name, summary } = one.setup
    return { name, summary, standing: 0, last: null, ...unknown }
  }
}

function fromJournal(
  { name, summary }: Setup,
  { entries }: Journal,
): Pick<SetupDocument, 'name' | 'summary' | 'standing' | 'last'> {
  const [last = null] = runs(entries)
  return {
    name,
    summary,
    standing: standing(entries).filter(({ undoes }) => undoes === null).length,
    last: last && { run: last.run, verb: last.verb, actor: last.actor, at: last.at, outcome: last.outcome },
  }
}
