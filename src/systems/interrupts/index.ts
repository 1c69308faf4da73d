import { command, type Input } from '#core/cli/command.ts'
import type { System } from '#core/system.ts'
import type { InterruptsConfig } from './defaults.ts'

const flags = {
  all: { kind: 'switch', short: 'a', brief: 'A column for every processor (usual up to eight)' },
  total: { kind: 'switch', short: 't', brief: 'Totals only' },
  cpus: { kind: 'text', short: 'c', placeholder: 'LIST', brief: 'Only these processors: 0,4-7' },
  filter: { kind: 'text', short: 'f', placeholder: 'REGEX', brief: 'Only interrupts whose name matches: eth0, LOC' },
  interval: {
    kind: 'number',
    short: 'i',
    placeholder: 'SECONDS',
    brief: 'Between samples (1)',
    min: 0.05,
    max: 3600,
  },
  count: {
    kind: 'number',
    short: 'n',
    placeholder: 'COUNT',
    brief: 'End after so many',
    min: 1,
    max: 1e9,
    whole: true,
  },
  sort: { kind: 'choice', short: 's', values: ['rate', 'total', 'name', 'number'], brief: 'Order (rate)' },
  heat: { kind: 'switch', brief: 'Heat map of interrupts by processor' },
  batch: { kind: 'switch', short: 'b', brief: 'Tables, one after the other, for pipes and cron' },
  check: { kind: 'switch', brief: 'Exit with 1 when something was found' },
  record: { kind: 'text', placeholder: 'FILE', brief: 'Also keep every sample in FILE, one JSON document a line' },
  replay: { kind: 'text', placeholder: 'FILE', brief: 'Show what --record or --json kept' },
  proc: { kind: 'text', placeholder: 'DIR', brief: 'Read this directory as /proc' },
  sys: { kind: 'text', placeholder: 'DIR', brief: 'Read this directory as /sys' },
} as const

/** What `noc interrupts` receives. */
export type ShowInput = Input<typeof flags>

const show = command({
  summary: 'Who interrupts which processor, and is it balanced',
  details:
    'In a terminal a live screen: the answer first, then every interrupt with its rate, share, history and where it lands (? shows the keys). Elsewhere a table. Exits with 0, and with 1 after --check when something was found.',
  examples: [
    ['interrupts', 'live: who interrupts whom'],
    ['itop --heat', 'interrupts by processor, folded by NUMA node'],
    ['interrupts -f eth0 -a', 'the queues of eth0 on every processor'],
    ['interrupts --batch -n 1 --check', 'for cron: a table, and exit code 1 when something is wrong'],
    ['interrupts --json -n 2', 'two documents; the second has rates'],
    ['interrupts --record night.jsonl', 'watch and keep; look at it again with --replay night.jsonl'],
  ],
  flags,
  endsOnSignal: true,
  load: async () => (await import('./cli.ts')).show,
})

/** Who interrupts which processor, and is it balanced. */
export const interrupts: System<InterruptsConfig> = {
  id: 'interrupts',
  title: 'Interrupts',
  summary: 'Who interrupts which processor, and is it balanced',
  wing: 'watch',
  aliases: ['itop'],
  config: () => import('./config.ts').then((module) => module.interruptsTable),
  commands: { '': show },
  service: () => import('./service.ts'),
}
