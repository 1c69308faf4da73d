import { command } from '#core/cli/command.ts'
import type { System } from '#core/system.ts'
import type { ConnectionsConfig } from './config.ts'

const remote = {
  kind: 'text',
  placeholder: 'HOST[:PORT]',
  brief: 'Only with this remote: 192.0.2.1, 192.0.2.1:80, [2001:db8::1]:80',
} as const
const process = { kind: 'text', placeholder: 'NAME', brief: 'Only of processes with this name' } as const
const state = { kind: 'text', placeholder: 'STATE', brief: 'Only in this state: established, close-wait ...' } as const
const source = { kind: 'choice', values: ['netlink', 'ss', 'proc'], brief: 'Read from here and nowhere else' } as const
const port = {
  kind: 'number',
  placeholder: 'PORT',
  brief: 'Only with this port of the service, here or at the remote',
  min: 1,
  max: 65_535,
  whole: true,
} as const

const show = command({
  summary: 'Why is this machine full of stuck connections',
  details:
    'Says first what is stuck, why that is believed, and how to mend it; then the connections by remote, process and state. Exits with 1 when something is stuck.',
  examples: [
    ['connections', 'what is stuck right now'],
    ['connections --watch', 'the same, live'],
    ['connections --process apache2 --by remote,state', 'where Apache talks to'],
  ],
  flags: {
    watch: { kind: 'switch', short: 'w', brief: 'Live, until q' },
    interval: { kind: 'number', short: 'i', placeholder: 'SECONDS', brief: 'Between two looks', min: 0.2, max: 3600 },
    count: { kind: 'number', short: 'n', placeholder: 'N', brief: 'End after N looks', min: 1, max: 1e9, whole: true },
    by: {
      kind: 'text',
      placeholder: 'KEYS',
      brief: 'Group by these: remote (or host, port), process, unit, user, state; commas between',
    },
    remote,
    process,
    state,
    port,
    all: { kind: 'switch', short: 'a', brief: 'Every group, not only the biggest' },
    growth: { kind: 'switch', brief: 'Look twice to tell how fast groups grow' },
    resolve: { kind: 'switch', brief: 'Names of remotes by reverse DNS; asks the name server' },
    source,
  },
  load: async () => (await import('./cli.ts')).show,
})

const probe = command({
  summary: 'Ask a remote whether it answers, refuses or hangs',
  details:
    'Connects, sends one small request (a TLS greeting on 443, 465, 853, 993 and 995, else HEAD over HTTP) and waits. Exits with 0 only when it answers.',
  examples: [
    ['connections probe [2001:db8::1]:80', 'does it answer'],
    ['connections probe crl.example.org:80 --parallel 5', 'does it still answer to five at once'],
  ],
  args: [{ placeholder: 'HOST:PORT', brief: 'Name or address; an IPv6 address in brackets' }],
  flags: {
    parallel: { kind: 'number', placeholder: 'N', brief: 'Tries at the same time', min: 1, max: 5, whole: true },
    timeout: { kind: 'number', placeholder: 'SECONDS', brief: 'For each step of a try', min: 0.1, max: 30 },
  },
  load: async () => (await import('./cli-probe.ts')).probe,
})

const close = command({
  summary: 'Close connections to a remote; shows them first, --yes does it',
  details:
    'Aborts the sockets in the kernel: the process gets an error from its next read or write, the remote a reset. Never touches listening sockets, nor your own ssh session unless you insist.',
  examples: [
    ['connections close --remote [2001:db8::1]:80 --process apache2', 'what would be closed'],
    ['connections close --remote [2001:db8::1]:80 --process apache2 --yes', 'close them'],
  ],
  flags: {
    remote,
    process,
    state,
    port,
    yes: { kind: 'switch', brief: 'Do it' },
    includingMySession: { kind: 'switch', brief: 'Even the ssh connection you are typing in' },
    source,
  },
  needsRoot: true,
  load: async () => (await import('./cli-close.ts')).close,
})

/** Why is this machine full of stuck connections. */
export const connections: System<ConnectionsConfig> = {
  id: 'connections',
  title: 'Connections',
  summary: 'Why is this machine full of stuck connections',
  wing: 'watch',
  config: () => import('./config.ts').then((module) => module.connectionsTable),
  commands: { '': show, probe, close },
  service: () => import('./service.ts'),
}
