import type { Topic } from '#core/cli/app.ts'
import { pad } from '#core/tui/text.ts'

function entry(topic: Topic): string {
  const name = [topic.id, ...topic.aliases].join(', ')
  const example = Object.values(topic.commands)[0]?.examples[0]?.[0] ?? topic.id
  return `  ${pad(name, 18)}${topic.summary}\n${' '.repeat(20)}e.g. noc ${example}`
}

/** `noc --help`: what a stranger needs to find the right word, grouped by wing, an example each. */
export function rootHelp(topics: readonly Topic[], version: string): string {
  const groups = [...new Set(topics.map((topic) => topic.group))]
  const body = groups.map((group) => {
    const entries = topics.filter((topic) => topic.group === group).map(entry)
    return `${group.toUpperCase()}\n${entries.join('\n')}`
  })
  return `Nocturne ${version}: the night shift's toolbox for a few Linux hosts.

USAGE
  noc COMMAND [FLAGS]     one look, without daemon or configuration
  noc up                  the daemon: history, alerts, console at http://127.0.0.1:8470
  noc COMMAND --help      flags and examples of one command

${body.join('\n\n')}

Every command takes --json and --config FILE. Exit codes: 0 yes or done, 1 no or something was found,
2 wrong usage or configuration, 3 could not, 130 interrupted.
`
}
