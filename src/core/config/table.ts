import type { GenericSchema } from 'valibot'

/**
 * A system's table in nocturne.toml. The schema is a `v.strictObject` whose entries all have defaults
 * (`v.optional(v.pipe(..., v.description('...')), default)`): the defaults file, the documentation and the nearest
 * name for a misspelt key are made from it.
 */
export interface ConfigTable<C> {
  readonly schema: GenericSchema<unknown, C>
}
