import { stringify } from 'smol-toml'
import * as v from 'valibot'
import type { Tables } from './parse.ts'

interface Entry {
  readonly wrapped: v.GenericSchema
  readonly default: unknown
}

function entriesOf(schema: unknown): Readonly<Record<string, Entry>> {
  if (typeof schema !== 'object' || schema === null || !('entries' in schema)) return {}
  return schema.entries as Readonly<Record<string, Entry>>
}

/** A configuration file with every key at its default and its meaning above it: the example that the project ships. */
export function defaultsText(tables: Tables): string {
  const parts = Object.entries(tables).map(([name, table]) => {
    const keys = Object.entries(entriesOf(table.schema)).map(([key, entry]) => {
      const meaning = v.getDescription(entry.wrapped) ?? ''
      return `# ${meaning}.\n${stringify({ [key]: entry.default }).trimEnd()}\n`
    })
    return `[${name}]\n${keys.join('\n')}`
  })
  return `# Nocturne's configuration, every key at its default. Remove what you don't change.\n\n${parts.join('\n')}`
}
