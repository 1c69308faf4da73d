/** From our own command descriptions to a stricli application: typed flags, help, "did you mean", completion. */
import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  ExitCode,
  run,
  type Application,
  type BaseArgs,
  type BaseFlags,
  type Command as StricliCommand,
  type CommandContext as StricliContext,
  type RouteMap,
  type StricliProcess,
  type TypedCommandParameters,
} from '@stricli/core'
import { exitCode } from '../errors.ts'
import type { Command, CommandSet, Flag, Input } from './command.ts'

/** A first word of the command line: a system or one of the house's own commands. */
export interface Topic {
  readonly id: string
  readonly aliases: readonly string[]
  readonly summary: string
  readonly commands: CommandSet
  /** Heading in `noc --help`. */
  readonly group: string
}

/** What stricli hands to a command: `serve` runs it with a context made for its topic. */
export interface AppContext extends StricliContext {
  readonly process: StricliProcess
  serve(topic: Topic, command: Command, input: Input, common: CommonFlags): Promise<number>
  /** The command's own exit code, kept because stricli knows only its own. */
  code: number
}

/** Flags that every command has. */
export interface CommonFlags {
  readonly json: boolean
  readonly config: string | undefined
}

/** The bare command is reached as `noc <topic>`; stricli wants a name for its default route. */
export const BARE = 'show'

const COMMON_FLAGS: Readonly<Record<string, Flag>> = {
  json: { kind: 'switch', brief: 'Answer as JSON: one document, or one a line for streams' },
  config: { kind: 'text', placeholder: 'FILE', brief: 'Read this configuration file instead of the usual one' },
}

/** Throws plainly: stricli puts the flag's name and the text in front. */
function parseNumber(flag: Flag & { kind: 'number' }, text: string): number {
  const value = Number(text)
  const fits = text.trim() !== '' && Number.isFinite(value) && value >= flag.min && value <= flag.max
  if (fits && !(flag.whole && !Number.isInteger(value))) return value
  throw new RangeError(`takes ${flag.whole ? 'a whole number' : 'a number'} from ${flag.min} to ${flag.max}`)
}

function toStricliFlag(flag: Flag): object {
  const base = { brief: flag.brief, optional: true }
  switch (flag.kind) {
    case 'switch':
      return { ...base, kind: 'boolean', withNegated: false }
    case 'choice':
      return { ...base, kind: 'enum', values: flag.values }
    case 'number':
      return {
        ...base,
        kind: 'parsed',
        placeholder: flag.placeholder,
        parse: (t: string) => parseNumber(flag, t),
      }
    case 'text':
      return {
        ...base,
        kind: 'parsed',
        placeholder: flag.placeholder,
        parse: String,
        ...(flag.repeat ? { variadic: true } : {}),
      }
  }
}

function toStricliParameters(command: Command): TypedCommandParameters<BaseFlags, BaseArgs, AppContext> {
  const all = { ...command.flags, ...COMMON_FLAGS }
  const flags = Object.fromEntries(Object.entries(all).map(([name, flag]) => [name, toStricliFlag(flag)]))
  const aliases = Object.fromEntries(
    Object.entries(all).flatMap(([name, flag]) => (flag.short === undefined ? [] : [[flag.short, name]])),
  )
  const parameters = (command.args ?? []).map((arg) => ({
    brief: arg.brief,
    placeholder: arg.placeholder,
    parse: String,
    ...(arg.optional ? { optional: true } : {}),
  }))
  const last = command.args?.at(-1)
  const positional = last?.repeat
    ? { kind: 'array', parameter: parameters.at(-1), ...(last.optional ? {} : { minimum: 1 }) }
    : { kind: 'tuple', parameters }
  // Built from data at run time: the compiler cannot follow, the shapes are stricli's documented ones.
  return { flags, aliases, positional } as unknown as TypedCommandParameters<BaseFlags, BaseArgs, AppContext>
}

/** Gives every flag its promised shape: switches are booleans, repeated texts are lists. */
function toInput(command: Command, flags: BaseFlags, args: readonly unknown[]): Input {
  const values = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => {
      if (flag.kind === 'switch') return [name, flags[name] === true]
      if (flag.kind === 'text' && flag.repeat) return [name, flags[name] ?? []]
      return [name, flags[name]]
    }),
  )
  return { flags: values, args: args.filter((a): a is string => typeof a === 'string') } as Input
}

/** `verbs` are the other commands of the same topic: only the bare one tells of them. */
function description(command: Command, verbs: CommandSet): string {
  const examples = command.examples.map(([line, does]) => `  noc ${line}\n      ${does}`)
  const root = command.needsRoot ? '\n\nNeeds root.' : ''
  const others = Object.entries(verbs).map(([verb, other]) => `  ${verb.padEnd(14)}${other.summary}`)
  const more = others.length === 0 ? '' : `\n\nVERBS\n${others.join('\n')}`
  return `${command.summary}.${command.details ? `\n\n${command.details}` : ''}${root}\n\nEXAMPLES\n${examples.join('\n')}${more}`
}

function toStricliCommand(topic: Topic, command: Command, verbs: CommandSet = {}): StricliCommand<AppContext> {
  return buildCommand<BaseFlags, BaseArgs, AppContext>({
    docs: { brief: command.summary, fullDescription: description(command, verbs) },
    parameters: toStricliParameters(command),
    func: async function (flags, ...args) {
      const common = { json: flags['json'] === true, config: flags['config'] as string | undefined }
      this.code = await this.serve(topic, command, toInput(command, flags, args), common)
    },
  })
}

function toRoute(topic: Topic): StricliCommand<AppContext> | RouteMap<AppContext> {
  const verbs = Object.entries(topic.commands)
  const bare = topic.commands['']
  if (bare && verbs.length === 1) return toStricliCommand(topic, bare)
  const { '': _, ...others } = topic.commands
  const routes = Object.fromEntries(
    verbs.map(([verb, command]) =>
      verb === '' ? [BARE, toStricliCommand(topic, command, others)] : [verb, toStricliCommand(topic, command)],
    ),
  )
  return buildRouteMap<string, AppContext>({
    routes,
    docs: { brief: topic.summary },
    ...(bare ? { defaultCommand: BARE } : {}),
  })
}

/** The whole command line as stricli sees it. */
export function buildApp(topics: readonly Topic[]): Application<AppContext> {
  const root = buildRouteMap<string, AppContext>({
    routes: Object.fromEntries(topics.map((topic) => [topic.id, toRoute(topic)])),
    aliases: Object.fromEntries(topics.flatMap((topic) => topic.aliases.map((alias) => [alias, topic.id]))),
    docs: { brief: 'Nocturne' },
  })
  return buildApplication(root, {
    name: 'noc',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: false, onlyRequiredInUsageLine: false },
    determineExitCode: () => exitCode.unable,
  })
}

/** Runs one command line and gives the exit code. */
export async function execute(
  topics: readonly Topic[],
  words: readonly string[],
  context: AppContext,
): Promise<number> {
  await run(buildApp(topics), words, context)
  const outcome = context.process.exitCode ?? exitCode.ok
  if (outcome === exitCode.ok) return context.code
  // stricli's own outcomes: what was typed is wrong usage, the rest could not run.
  const typed: readonly unknown[] = [ExitCode.UnknownCommand, ExitCode.InvalidArgument]
  return typed.includes(outcome) ? exitCode.usage : exitCode.unable
}
