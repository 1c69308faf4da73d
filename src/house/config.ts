import { command, type CommandSet } from '#core/cli/command.ts'

/** `noc config check|show|path|defaults`. */
export const configCommands: CommandSet = {
  check: command({
    summary: 'Check the configuration file; exit 2 when it cannot be used',
    examples: [
      ['config check', 'the file in use'],
      ['config check --config ./new.toml', 'a new one before it goes into place'],
    ],
    flags: {},
    load: async () => (await import('./config-run.ts')).check,
  }),
  show: command({
    summary: 'Show the configuration in force: the file over the defaults',
    examples: [
      ['config show', 'as TOML'],
      ['config show --json', 'as JSON'],
    ],
    flags: {},
    load: async () => (await import('./config-run.ts')).show,
  }),
  path: command({
    summary: 'Say which configuration file and data directory are in use, and where else is looked',
    examples: [['config path', '']],
    flags: {},
    load: async () => (await import('./config-run.ts')).path,
  }),
  defaults: command({
    summary: 'Print every key with its default and its meaning',
    examples: [['config defaults > nocturne.toml', 'to start an own configuration from']],
    flags: {},
    load: async () => (await import('./config-run.ts')).defaults,
  }),
}
