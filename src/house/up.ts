import { command, type CommandSet } from '#core/cli/command.ts'

/** `noc up`. */
export const upCommands: CommandSet = {
  '': command({
    summary: 'Start the daemon: history, alerts and the web console',
    details:
      'Runs in the foreground until Ctrl-C or SIGTERM, and stops within five seconds. SIGHUP reads the configuration\n' +
      'again; an invalid one is refused and the running one goes on. Under systemd it reports ready, stopping and\n' +
      'watchdog. The console listens on loopback only unless the configuration says otherwise.',
    examples: [
      ['up', 'console at http://127.0.0.1:8470'],
      ['up --listen 127.0.0.1:9000', 'on another port'],
    ],
    flags: {
      listen: {
        kind: 'text',
        placeholder: 'ADDRESS:PORT',
        brief: 'Where the console listens, instead of the configuration',
      },
    },
    endsOnSignal: true,
    load: async () => (await import('../daemon.ts')).up,
  }),
}
