import { command } from '#core/cli/command.ts'
import { setupCommands } from '#core/host/setup/commands.ts'
import type { Setup } from '#core/host/setup/types.ts'
import type { System } from '#core/system.ts'
import type { TorboxConfig } from './config.ts'

const name = {
  kind: 'text',
  short: 'n',
  placeholder: 'NAME',
  brief: "The box's name; otherwise the program's",
} as const
const asUser = {
  kind: 'text',
  short: 'u',
  placeholder: 'USER',
  brief: 'Run as this user; only root may say so',
} as const
const words = [{ placeholder: 'CMD', brief: 'The program and its arguments, after --', repeat: true }] as const

const runFlags = {
  name,
  user: asUser,
  firejail: { kind: 'switch', brief: "Inside Firejail, with the program's profile; root's boxes only" },
  bare: { kind: 'switch', brief: 'Without Firejail; this is the default' },
  keep: {
    kind: 'text',
    placeholder: 'WAYS',
    brief: 'Ways past Tor to leave open: dbus, x11, wayland, audio, agents; commas between',
  },
  wait: {
    kind: 'number',
    placeholder: 'SECONDS',
    brief: 'Wait so long for a tor that is not ready',
    min: 0,
    max: 3600,
  },
  quiet: { kind: 'switch', short: 'q', brief: 'Say nothing about the box' },
} as const

const run = command({
  summary: 'Run a program in a box whose only way out is Tor',
  details:
    'Root gets a box behind the bridge that `noc torbox apply` made; everybody else gets one that needs no set-up but a running tor. The program has your terminal, and its exit status is that of noc. Every box has circuits of its own; /run and /tmp are empty in it, and no socket of this machine can be reached.',
  examples: [
    ['torbox run -- curl https://check.torproject.org/api/ip', 'who the web thinks you are'],
    ['torbox run --name mail --keep wayland -- thunderbird', 'a program with windows'],
    ['torbox run --user alice -- sh', 'a shell as alice'],
  ],
  args: words,
  flags: runFlags,
  load: async () => (await import('./cli-run.ts')).run,
})

const box = { placeholder: 'NAME', brief: "The box's name, as `noc torbox ls` shows it" } as const
const joinFlags = { user: asUser } as const

const join = command({
  summary: 'Run one more program in a box that runs',
  examples: [['torbox join mail -- sh', 'look around in the box "mail"']],
  args: [box, ...words],
  flags: joinFlags,
  load: async () => (await import('./cli-run.ts')).join,
})

const ls = command({
  summary: 'Show the boxes that run, and what was left by those that were killed',
  examples: [['torbox ls', 'all boxes, whose they are and what runs in them']],
  flags: {},
  load: async () => (await import('./cli-boxes.ts')).ls,
})

const stop = command({
  summary: 'End a box and all that runs in it',
  details: 'Programs get SIGTERM and five seconds, then the box is taken away from under them.',
  examples: [['torbox stop mail', 'end the box "mail"']],
  args: [box],
  flags: {},
  load: async () => (await import('./cli-boxes.ts')).stop,
})

const newIdentity = command({
  summary: 'Give a box that runs new circuits, and keep those of the others',
  details:
    "Root's boxes get another address on the bridge: tor keeps circuits apart by it. Connections that are open end. Users' boxes log in to tor anew: open connections stay on their circuits.",
  examples: [['torbox new-identity mail', 'the box "mail" comes out elsewhere']],
  args: [box],
  flags: {},
  load: async () => (await import('./cli-boxes.ts')).newIdentity,
})

const circuitsFlags = {
  watch: { kind: 'switch', short: 'w', brief: 'Live, until q' },
  interval: { kind: 'number', short: 'i', placeholder: 'SECONDS', brief: 'Between two looks', min: 0.2, max: 3600 },
} as const

const circuits = command({
  summary: 'Show what the boxes do through Tor: connections, relays, countries, and what was dropped',
  examples: [
    ['torbox circuits', 'right now'],
    ['torbox circuits --watch', 'the same, live'],
  ],
  flags: circuitsFlags,
  load: async () => (await import('./circuits/cli.ts')).circuits,
})

const leaktestFlags = {
  name: { ...name, brief: 'Name of the throw-away box' },
  disruptive: { kind: 'switch', brief: 'Also stop tor and take the rules away, for some seconds each' },
} as const

const leaktest = command({
  summary: 'Try every way past Tor from a throw-away box, and look what left the machine',
  details: 'Exits with 1 when something got out.',
  examples: [
    ['torbox leaktest', 'does anything get past Tor'],
    ['torbox leaktest --disruptive', 'and when tor or the rules are gone'],
  ],
  flags: leaktestFlags,
  load: async () => (await import('./leak/cli.ts')).leaktest,
})

const setup = async (): Promise<Setup<TorboxConfig>> => (await import('./setup.ts')).torboxSetup

/** A sandbox for any program whose only way out is Tor. */
export const torbox: System<TorboxConfig> = {
  id: 'torbox',
  title: 'Tor sandbox',
  summary: 'Run any program in a sandbox whose only way out is Tor',
  wing: 'protect',
  config: () => import('./config.ts').then((module) => module.torboxTable),
  commands: {
    run,
    join,
    ls,
    stop,
    'new-identity': newIdentity,
    circuits,
    leaktest,
    ...setupCommands('torbox', setup),
  },
  service: () => import('./service.ts'),
  setup,
}
