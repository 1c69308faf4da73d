import type { Topic } from '#core/cli/app.ts'
import type { System, Wing } from '#core/system.ts'
import { alertCommands } from './alerts.ts'
import { completionCommands } from './completion.ts'
import { configCommands } from './config.ts'
import { setupsCommands } from './setups.ts'
import { statusCommands, tokenCommands } from './status.ts'
import { upCommands } from './up.ts'

const WING_TITLES: Readonly<Record<Wing, string>> = {
  watch: 'Watch',
  serve: 'Serve',
  protect: 'Protect',
  world: 'World and workstation',
}

/** The house's own commands, before the systems'. */
export const houseTopics: readonly Topic[] = [
  { id: 'up', summary: 'Start the daemon and its web console', commands: upCommands },
  { id: 'status', summary: 'Is anything wrong? Health of what runs', commands: statusCommands },
  { id: 'alerts', summary: 'What was found: list, acknowledge, silence, test', commands: alertCommands },
  { id: 'config', summary: 'Check, show and find the configuration', commands: configCommands },
  {
    id: 'setups',
    summary: 'Which changes to this machine are applied, and which have drifted',
    commands: setupsCommands,
  },
  { id: 'token', summary: 'Print the token that lets the console act', commands: tokenCommands },
  { id: 'completion', summary: 'Completion for bash, zsh and fish', commands: completionCommands },
].map((topic) => ({ ...topic, aliases: [], group: 'The house' }))

/** Every first word of the command line: the house's, then the systems' by wing. */
export function allTopics(systems: readonly System[]): readonly Topic[] {
  const own = systems.map((system) => ({
    id: system.id,
    aliases: system.aliases ?? [],
    summary: system.summary,
    commands: system.commands,
    group: WING_TITLES[system.wing],
  }))
  return [...houseTopics, ...own]
}
