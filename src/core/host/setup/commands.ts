/** The verbs of every set-up: the same names, flags and output for all. Loads nothing, so manifests may import it. */
import { type Command, type CommandSet, type Input, command } from '../../cli/command.ts'
import type { Verbs } from './cli.ts'
import type { Setup } from './types.ts'

const yes = { kind: 'switch', short: 'y', brief: "Don't ask" } as const
const undoFlags = {
  yes: { kind: 'switch', short: 'y', brief: "Don't ask" },
  force: { kind: 'switch', brief: 'Restore what others have changed since, too' },
} as const
const RUN = { placeholder: 'RUN', brief: 'Number of the run, as `log` shows it', optional: true } as const

const full = { kind: 'switch', brief: 'Every line of every difference' } as const

/** What `plan` receives. */
export type PlanInput = Input<{ readonly full: typeof full }>
/** What `apply` receives. */
export type ApplyInput = Input<{ readonly yes: typeof yes }>
/** What `undo` receives. */
export type UndoInput = Input<typeof undoFlags>

/** The commands of a system that changes the host: plan, apply, verify, undo, why, log. `id` is the system's. */
export function setupCommands<C>(id: string, load: () => Promise<Setup<C>>): CommandSet {
  const verbs = async (): Promise<Verbs> => (await import('./cli.ts')).verbs(load)
  return {
    plan: planCommand(id, async () => (await verbs()).plan),
    apply: command({
      summary: 'Change this machine as the plan says; asks before it begins',
      details:
        'Every change is written to the journal, with what was there before, ahead of being made: whatever happens, undo can take it back.',
      examples: [
        [`${id} apply`, 'shows the plan, asks, applies'],
        [`${id} apply --yes`, 'the same without asking'],
      ],
      flags: { yes },
      needsRoot: true,
      load: async () => (await verbs()).apply,
    }),
    verify: command({
      summary: 'Tell whether it works, not only whether it is there; exits with 1 when not',
      examples: [[`${id} verify`, 'runs the probes']],
      flags: {},
      load: async () => (await verbs()).verify,
    }),
    undo: command({
      summary: 'Put back what was there before; asks before it begins',
      details:
        'Newest change first. What others have changed since is kept and told (exit code 1), unless you insist with --force.',
      examples: [
        [`${id} undo`, 'takes back all that stands'],
        [`${id} undo 3`, 'only run 3'],
      ],
      args: [RUN],
      flags: undoFlags,
      needsRoot: true,
      load: async () => (await verbs()).undo,
    }),
    why: command({
      summary: 'Say what each step is for',
      examples: [
        [`${id} why`, 'all steps'],
        [`${id} why sysctl`, 'those whose name has this in it'],
      ],
      args: [{ placeholder: 'STEP', brief: 'A part of its name', optional: true }],
      flags: {},
      load: async () => (await verbs()).why,
    }),
    log: command({
      summary: 'Who changed what when, and what was there before',
      examples: [
        [`${id} log`, 'all runs'],
        [`${id} log 3`, 'every change of run 3'],
      ],
      args: [RUN],
      flags: {},
      load: async () => (await verbs()).log,
    }),
  }
}

function planCommand(id: string, load: () => Promise<Verbs['plan']>): Command {
  return command({
    summary: 'Show what would be changed on this machine, and why; changes nothing',
    details: 'Exits with 0 when the machine is as the set-up wants it, with 1 when there is something to do.',
    examples: [
      [`${id} plan`, 'what apply would do'],
      [`${id} plan --full | less`, 'to the last line'],
    ],
    flags: { full },
    load,
  })
}
