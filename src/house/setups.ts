import { command, type CommandSet } from '#core/cli/command.ts'

/** `noc setups`. */
export const setupsCommands: CommandSet = {
  '': command({
    summary: 'Which set-ups are applied, and whether this machine is still as they want it',
    details:
      'Exits with 1 when an applied one has drifted or its last run was cut short. Each system that changes a machine has plan, apply, undo and more.',
    examples: [
      ['setups', 'a line a set-up'],
      ['torbox plan', 'what one of them would change'],
    ],
    flags: {},
    load: async () => (await import('./setups-run.ts')).list,
  }),
  helper: command({
    summary: 'Answer one question of a daemon that its unit locks in, on standard input and output',
    details:
      'systemd starts it when the daemon connects to nocturne-setups.socket; see docs/install.md. ' +
      'Not for people: they have `plan`, `apply` and `undo`.',
    examples: [['setups helper', 'reads a line of JSON, prints the answer or a line an event']],
    flags: {},
    needsRoot: true,
    load: async () => (await import('./setups-run.ts')).helper,
  }),
}
