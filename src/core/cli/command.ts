/**
 * How a command describes itself: plain data, so that help, completion and the console's palette can be made from it
 * without loading the command.
 */
import type { Output } from './output.ts'

interface FlagBase {
  readonly brief: string
  /** One-letter form, without the dash. */
  readonly short?: string
}
/** `--all` */
export interface SwitchFlag extends FlagBase {
  readonly kind: 'switch'
}
/** `--filter REGEX`; with `repeat`, may be given several times. */
export interface TextFlag extends FlagBase {
  readonly kind: 'text'
  readonly placeholder: string
  readonly repeat?: boolean
}
/** `--interval SECONDS`: finite, within [min, max]; `whole` refuses fractions. */
export interface NumberFlag extends FlagBase {
  readonly kind: 'number'
  readonly placeholder: string
  readonly min: number
  readonly max: number
  readonly whole?: boolean
}
/** `--sort rate|total|name|number` */
export interface ChoiceFlag extends FlagBase {
  readonly kind: 'choice'
  readonly values: readonly string[]
}
export type Flag = SwitchFlag | TextFlag | NumberFlag | ChoiceFlag
/** Flags by their long name in camelCase (`serverName` is `--server-name`). */
export type Flags = Readonly<Record<string, Flag>>

type ValueOf<F extends Flag> = F extends SwitchFlag
  ? boolean
  : F extends NumberFlag
    ? number | undefined
    : F extends ChoiceFlag
      ? F['values'][number] | undefined
      : F extends { readonly repeat: true }
        ? readonly string[]
        : string | undefined
/** What the command receives: a switch is always a boolean, a repeated text always a list, the rest may be undefined. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: ValueOf<F[K]> }

/** A positional argument; the last one may repeat. */
export interface Argument {
  readonly placeholder: string
  readonly brief: string
  readonly optional?: boolean
  readonly repeat?: boolean
}

/** What was typed after the command's name; unknown flags and missing arguments never reach it. */
export interface Input<F extends Flags = Flags> {
  readonly flags: FlagValues<F>
  readonly args: readonly string[]
}

/** What a command works with. It returns an exit code (`exitCode`) or throws a NocError. */
export interface CommandContext {
  readonly out: Output
  /** stdin when it is something to read from or a terminal to listen on. */
  readonly stdin: NodeJS.ReadStream
  /** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process. */
  readonly signal: AbortSignal
  /** Every command has `--json`. */
  readonly json: boolean
  /** The configuration file in use; undefined when everything is at its default. */
  configFile(): string | undefined
  /** The table of this command's system in nocturne.toml, with defaults; throws the config's own clear error. */
  config<C>(): Promise<C>
  /** Where the daemon keeps its data; for commands that write an event there. */
  dataDirectory(): Promise<string>
  /** Who acts, for audit lines: the user behind sudo, else the user. */
  readonly actor: string
}

export interface Command {
  /** One line, no full stop. */
  readonly summary: string
  /** More, as paragraphs; optional. */
  readonly details?: string
  /** At least one: the line without the leading `noc`, and what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[]
  readonly flags: Flags
  readonly args?: readonly Argument[]
  /** Shown in help; the command itself checks and says so. */
  readonly needsRoot?: boolean
  /** A signal is this command's normal end (a daemon, a live screen): exit 0 then, not 130. */
  readonly endsOnSignal?: boolean
  load(): Promise<(input: Input, cx: CommandContext) => Promise<number>>
}
/** Commands of one system by verb; '' is the bare one. */
export type CommandSet = Readonly<Record<string, Command>>

/** Ties the flags of a command to the function that receives them, so that the compiler checks both. */
export function command<const F extends Flags>(
  definition: Omit<Command, 'flags' | 'load'> & {
    readonly flags: F
    load(): Promise<(input: Input<F>, cx: CommandContext) => Promise<number>>
  },
): Command {
  // The flag values were parsed by these very definitions (core/cli/app.ts), so the narrower input type holds.
  return definition as unknown as Command
}
