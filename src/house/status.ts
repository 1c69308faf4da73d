import { command, type CommandSet } from '#core/cli/command.ts'

/** `noc status`. */
export const statusCommands: CommandSet = {
  '': command({
    summary: 'Is anything wrong? Health of what runs, and open findings',
    details: 'Asks the running daemon. Exit 0: all is well. Exit 1: something waits for you, or no daemon runs.',
    examples: [
      ['status', 'the answer, then a line a system'],
      ['status --json', 'the same document as /api/tonight'],
    ],
    flags: {},
    load: async () => (await import('./status-run.ts')).status,
  }),
}

/** `noc token`. */
export const tokenCommands: CommandSet = {
  '': command({
    summary: 'Print the token that lets the console act',
    details:
      'The console only reads until it is given this token; the daemon makes a new one at each start. ' +
      'It is read from the data directory, so only the user who runs the daemon (and root) can see it.',
    examples: [['token', 'paste it into the console when it asks']],
    flags: {},
    load: async () => (await import('./status-run.ts')).token,
  }),
}
