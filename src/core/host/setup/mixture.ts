import { isDeepStrictEqual } from 'node:util'
import type { Between, Json } from './types.ts'

/**
 * For kinds that are written field by field: a state whose every field is as before or as after was left by a write
 * that was cut short. Pure.
 */
export function mixture(now: Json, before: Json, after: Json): Between {
  if (!isRecord(now) || !isRecord(before) || !isRecord(after)) return 'foreign'
  const own = Object.entries(now).every(
    ([name, value]) => isDeepStrictEqual(value, before[name]) || isDeepStrictEqual(value, after[name]),
  )
  return own ? 'ours' : 'foreign'
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
