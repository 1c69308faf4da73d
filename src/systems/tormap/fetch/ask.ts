/** Asks the contacts of a fetch, and tells what happens. */
import { randomInt } from 'node:crypto'
import { NocError, reasonOf } from '#core/errors.ts'
import type { TrustedAuthority } from '#proto/tordir/types.ts'
import { get, interrupted } from './request.ts'
import { parseEndpoint } from './sources.ts'
import type { Contact, FetchContext, FetchEvent } from './types.ts'

/** A fetch that is going on. */
export interface Run extends FetchContext {
  readonly trusted: readonly TrustedAuthority[]
  /** In the order in which they are asked. */
  readonly contacts: readonly Contact[]
  tell(event: FetchEvent): void
}

/** What is asked for. */
export interface Question {
  /** For people: `consensus`, `certificates`, `96 descriptors`. */
  readonly what: string
  readonly path: string
  readonly maxBytes: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks one contact; throws with the reason, which has been told. `use` judges the answer: what it throws counts as a failure. */
export async function ask<T>(
  run: Run,
  contact: Contact,
  { what, ...question }: Question,
  use: (answer: Uint8Array) => T | Promise<T>,
): Promise<T> {
  run.tell({ event: 'asking', what, contact })
  try {
    const to = parseEndpoint(contact.address)
    if (to === null) throw new NocError('NOC_TORMAP_SOURCE', `${contact.address} is not ADDRESS:PORT`)
    const answer = await get({ to, socks: run.config.socks, limits: run.limits, signal: run.signal, ...question })
    const result = await use(answer)
    run.tell({ event: 'got', what, contact, bytes: answer.length })
    return result
  } catch (error) {
    if (run.signal.aborted) throw interrupted()
    run.tell({ event: 'failed', what, contact, why: reasonOf(error) })
    throw error
  }
}

/** A copy in random order, so that no source is asked more than others. */
export function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1)
    const [a, b] = [result[last], result[other]]
    if (a !== undefined && b !== undefined) [result[last], result[other]] = [b, a]
  }
  return result
}
