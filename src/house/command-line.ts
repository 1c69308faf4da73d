import { userInfo } from 'node:os'
import type { AppContext, CommonFlags, Topic } from '#core/cli/app.ts'
import { wrapHelp } from '#core/cli/help.ts'
import type { Command, CommandContext, Input } from '#core/cli/command.ts'
import type { Config } from '#core/config/load.ts'
import { standardOutput, type Output } from '#core/cli/output.ts'
import { exitCode, NocError, systemErrorCode } from '#core/errors.ts'
import { systems } from '#systems/index.ts'
import { rootHelp } from './help.ts'
import { allTopics } from './topics.ts'

/** Says an error in one or two lines on stderr and gives its exit code. Anything but a NocError is a bug and says so. */
function report(error: unknown, out: Output, signal: AbortSignal): number {
  if (signal.aborted) return exitCode.interrupted
  if (error instanceof NocError) {
    for (const line of error.message.split('\n')) out.note(`noc: ${line}`)
    if (error.hint !== undefined) out.note(`     ${error.hint}`)
    return error.exit
  }
  out.note(`noc: a fault in Nocturne itself: ${error instanceof Error ? error.message : String(error)}`)
  if (process.env['NOC_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  else out.note('     NOC_DEBUG=1 shows where; please report it')
  return exitCode.unable
}

async function contextFor(
  topic: Topic,
  common: CommonFlags,
  out: Output,
  signal: AbortSignal,
): Promise<CommandContext> {
  const { findConfig, processPaths, dataDirectory } = await import('#core/config/paths.ts')
  const paths = processPaths()
  const load = async (): Promise<Config> => {
    const { loadConfig } = await import('#core/config/load.ts')
    return loadConfig(findConfig(common.config, paths), systems)
  }
  return {
    out,
    stdin: process.stdin,
    signal,
    json: common.json,
    configFile: () => findConfig(common.config, paths),
    config: async <C>() => (await load()).systems[topic.id] as C,
    dataDirectory: async () => dataDirectory((await load()).daemon.data, paths),
    actor: process.env['SUDO_USER'] || userInfo().username,
  }
}

/** The first Ctrl-C or SIGTERM asks everything to stop; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

/** A closed pipe (`noc ... | head`) is the reader's wish to stop, not an error. */
function endOnClosedPipe(): void {
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit(exitCode.ok)
    throw error
  })
}

/** `noc help connections` is `noc connections --help`; where a topic has a bare command, that shows its flags. */
function normalized(argv: readonly string[], topics: readonly Topic[]): readonly string[] {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  const [first = '', second = ''] = words
  if (words.length !== 2 || !/^(--help|-h)$/.test(second)) return words
  const commands = topics.find(({ id, aliases }) => id === first || aliases.includes(first))?.commands ?? {}
  return '' in commands && Object.keys(commands).length > 1 ? [first, 'show', second] : words
}

/** What stricli writes to stdout is help. */
function helpOutput(): AppContext['process']['stdout'] {
  const { stdout } = process
  return {
    write: (text) => void stdout.write(wrapHelp(text, stdout.columns)),
    getColorDepth: (env) => (stdout.isTTY ? stdout.getColorDepth(env) : 1),
  }
}

/** Runs one command line and gives the exit code. */
export async function runCommandLine(argv: readonly string[], version: string): Promise<number> {
  const topics = allTopics(systems)
  const out = standardOutput(process.stdout, process.stderr, process.env)
  const words = normalized(argv, topics)
  endOnClosedPipe()
  if (words.length === 0 || (words.length === 1 && (words[0] === '--help' || words[0] === '-h'))) {
    out.raw(rootHelp(topics, version))
    return exitCode.ok
  }
  if (words[0] === '__complete') return (await import('./complete.ts')).completionsFor(topics, words.slice(1), out)
  const signal = stopSignal()
  const context: AppContext = {
    process: { stdout: helpOutput(), stderr: process.stderr, env: process.env, exitCode: null },
    code: exitCode.ok,
    async serve(topic: Topic, command: Command, input: Input, common: CommonFlags): Promise<number> {
      try {
        const execute = await command.load()
        const code = await execute(input, await contextFor(topic, common, out, signal))
        return signal.aborted && code === exitCode.ok && !command.endsOnSignal ? exitCode.interrupted : code
      } catch (error) {
        return report(error, out, signal)
      }
    },
  }
  const { execute } = await import('#core/cli/app.ts')
  return execute(topics, words, context)
}
