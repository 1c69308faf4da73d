/** An hour made ready to be kept. It takes most of the time of keeping one, and no database: any thread can do it. */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { NocError } from '#core/errors.ts'
import type { RelayMap } from '../types.ts'
import { damaged } from './bytes.ts'
import { countClasses } from './counts.ts'
import { NO_STATE, type State, applyDeltas, encodeDelta } from './delta.ts'

/** Largest hour, unpacked, bytes: 50,000 relays have some 15 MB. */
const MOST_BYTES = 256 * 1024 * 1024

/** What an hour is a delta of (null: it is whole), the whole one below, and deltas since one of that one. */
export interface Place {
  readonly base: number | null
  readonly root: number
  readonly step: number
}

/** Where an hour goes, and what the history knows already. */
export interface Basis extends Place {
  /** Packed, they make the hour that it rests on; the whole one first. */
  readonly deltas: readonly Uint8Array[]
  /** JSON: the first hour of every relay, ms since 1970, by fingerprint. */
  readonly firstSeen: string
}

/** An hour as it is written. */
export interface PackedHour extends Place {
  /** Its valid-after, ms since 1970. */
  readonly at: number
  readonly verified: boolean
  /** JSON of `countClasses`. */
  readonly counts: string
  readonly delta: Uint8Array
  /** Fingerprints of relays that have to be noted as seen. */
  readonly seen: readonly string[]
}

/** The place of an hour that is a delta of no other. */
export function whole(at: number): Place {
  return { base: null, root: at, step: 0 }
}

/** Works out what has to be written of a map. */
export async function packHour(basis: Basis, map: RelayMap): Promise<PackedHour> {
  const at = map.consensus.validAfter
  const { from, ...place } = await foundation(basis, at)
  const delta = encodeDelta(from, map)
  const { order } = applyDeltas(from, [delta])
  // Those that stay are noted twice a day only.
  const seen = map.relays.filter((_, row) => place.step === 0 || (order[row] ?? 0) >= from.slots)
  return {
    ...place,
    at,
    verified: map.verification.state === 'good',
    counts: JSON.stringify(countClasses(map)),
    delta: await deflate(delta, { level: 9 }),
    seen: seen.map(({ entry }) => entry.fingerprint),
  }
}

/** The hour below; a damaged one stops no later one from being kept. */
async function foundation({ base, root, step, deltas }: Basis, at: number): Promise<Place & { readonly from: State }> {
  try {
    const from = deltas.length === 0 ? NO_STATE : applyDeltas(NO_STATE, await Promise.all(deltas.map(unpack)))
    return { base, root, step, from }
  } catch (error) {
    if (!(error instanceof NocError)) throw error
    return { ...whole(at), from: NO_STATE }
  }
}

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** The bytes of a delta as it was written. */
export async function unpack(packed: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflate(packed, { maxOutputLength: MOST_BYTES })
  } catch {
    throw damaged()
  }
}
