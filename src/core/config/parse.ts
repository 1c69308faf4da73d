import { parse as parseToml, TomlError } from 'smol-toml'
import * as v from 'valibot'
import { exitCode, NocError } from '../errors.ts'
import { lineOf } from './locate.ts'
import { nearest } from './nearest.ts'
import type { ConfigTable } from './table.ts'

/** Tables by their name in nocturne.toml. */
export type Tables = Readonly<Record<string, ConfigTable<unknown>>>

/** Most bytes of a configuration file; ours has a few hundred. */
export const CONFIG_LIMIT_BYTES = 1_000_000

/** One thing that is wrong in a configuration file. */
export interface ConfigFault {
  readonly line: number | undefined
  readonly message: string
}

/** A configuration file that cannot be used: every fault at once, each with its line. */
export class ConfigError extends NocError {
  readonly faults: readonly ConfigFault[]
  constructor(file: string, faults: readonly ConfigFault[]) {
    const lines = faults.map((fault) => `${file}${fault.line === undefined ? '' : `:${fault.line}`}: ${fault.message}`)
    super('NOC_CONFIG_INVALID', lines.join('\n'), {
      exit: exitCode.usage,
      hint: '`noc config defaults` prints every key with its meaning',
    })
    this.faults = faults
  }
}

function keysOf(schema: unknown): readonly string[] {
  return typeof schema === 'object' && schema !== null && 'entries' in schema ? Object.keys(schema.entries ?? {}) : []
}

function unknownName(kind: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return `unknown ${kind} "${name}"; ${meant === undefined ? `known: ${known.join(', ')}` : `did you mean "${meant}"?`}`
}

function faultsOf(text: string, table: string, definition: ConfigTable<unknown>, value: unknown): ConfigFault[] {
  const result = v.safeParse(definition.schema, value)
  if (result.success) return []
  return result.issues.map((issue) => {
    const path = [table, ...(issue.path ?? []).map((item) => String(item.key))]
    const line = lineOf(text, path)
    const key = path.slice(1).join('.')
    const unknown = issue.type === 'strict_object' && issue.expected === 'never'
    if (unknown) return { line, message: unknownName(`key in [${table}]`, key, keysOf(definition.schema)) }
    return { line, message: `[${table}]${key === '' ? '' : ` ${key}`}: ${issue.message}` }
  })
}

/** TOML text to a plain object; a syntax fault becomes a ConfigError with its line. */
function readToml(file: string, text: string): Record<string, unknown> {
  if (text.length > CONFIG_LIMIT_BYTES) throw new ConfigError(file, [{ line: undefined, message: 'larger than 1 MB' }])
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // smol-toml's message ends with a picture of the place; the first line says it.
    const said = error.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML'
    throw new ConfigError(file, [{ line: error.line, message: `not valid TOML, column ${error.column}: ${said}` }])
  }
}

/**
 * Reads a configuration text against the tables that exist. Absent tables and keys take their defaults.
 * `file` is only for messages. Throws a ConfigError with every fault.
 */
export function parseConfig(file: string, text: string, tables: Tables): Readonly<Record<string, unknown>> {
  const document = readToml(file, text)
  const strangers = Object.keys(document)
    .filter((name) => !Object.hasOwn(tables, name))
    .map((name) => ({ line: lineOf(text, [name]), message: unknownName('table', name, Object.keys(tables)) }))
  const faults = Object.entries(tables).flatMap(([name, table]) => faultsOf(text, name, table, document[name] ?? {}))
  if (strangers.length + faults.length > 0) throw new ConfigError(file, [...strangers, ...faults])
  return Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, v.parse(table.schema, document[name] ?? {})]),
  )
}
