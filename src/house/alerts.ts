import { command, type CommandSet } from '#core/cli/command.ts'

const ID = { placeholder: 'ID', brief: 'Number of the alert, as `noc alerts` shows it' } as const

/** `noc alerts`, all by way of the running daemon. */
export const alertCommands: CommandSet = {
  '': command({
    summary: 'List what was found and is not over',
    examples: [
      ['alerts', 'open ones, the worst first'],
      ['alerts --all', 'past ones too'],
    ],
    flags: { all: { kind: 'switch', short: 'a', brief: 'Past alerts too' } },
    load: async () => (await import('./alerts-run.ts')).list,
  }),
  acknowledge: command({
    summary: 'Say that somebody looks after it: no more deliveries, it no longer counts on the home page',
    examples: [['alerts acknowledge 12', '']],
    flags: {},
    args: [ID],
    load: async () => (await import('./alerts-run.ts')).acknowledge,
  }),
  silence: command({
    summary: 'No deliveries of this alert for a while',
    examples: [
      ['alerts silence 12 --for 8h', 'until the morning'],
      ['alerts silence 12 --for 0', 'deliver again'],
    ],
    flags: {
      for: { kind: 'text', placeholder: 'TIME', brief: 'How long: 30m, 8h, 2d; 0 ends a silence (default 8h)' },
    },
    args: [ID],
    load: async () => (await import('./alerts-run.ts')).silence,
  }),
  test: command({
    summary: 'Send a test alert to the webhook and the command of the configuration',
    examples: [['alerts test', 'says what came of it']],
    flags: {},
    load: async () => (await import('./alerts-run.ts')).test,
  }),
}
