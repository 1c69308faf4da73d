/**
 * The thread in which the daemon has its hourly work done: live pages and what is sampled every second do not wait for
 * it. It does one job, answers and ends, so that its memory goes back. It opens no database: where SQLite is a native
 * package (Node 20), a thread that is ended inside of it takes the whole daemon with it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '#core/clock.ts'
import { type ErrorData, NocError, errorData } from '#core/errors.ts'
import type { TormapConfig } from './config.ts'
import { fetchLocked } from './fetch/fetch.ts'
import { type Held, readHeld } from './fetch/folder.ts'
import { trustedBy } from './fetch/sources.ts'
import { openAsn, openGeo } from './geo/open.ts'
import { type Basis, type PackedHour, packHour } from './history/hour.ts'
import { mapOf } from './read.ts'
import type { RelayMap } from './types.ts'

/** Fetches into a folder that is locked. */
interface FetchJob {
  readonly kind: 'fetch'
  readonly config: TormapConfig
  readonly folder: string
}

/** Makes the map of what lies in a folder, verified, and packs it for the history. */
interface HourJob {
  readonly kind: 'hour'
  readonly config: TormapConfig
  readonly folder: string
  readonly held: Held
  /** Where unpacked databases of places are kept. */
  readonly cacheFolder: string
  /** ms since 1970. */
  readonly now: number
  readonly basis: Basis
}

/** Makes the sample. */
interface SampleJob {
  readonly kind: 'sample'
  /** ms since 1970. */
  readonly now: number
}

/** What the thread can do. */
export type Job = FetchJob | HourJob | SampleJob

/** What each kind of job gives. */
export interface Done {
  /** `isNew` false: nobody has a newer one than what was there. */
  readonly fetch: { readonly isNew: boolean }
  /** Beside the hour, what of its documents could not be used, one sentence each. */
  readonly hour: { readonly hour: PackedHour; readonly notes: readonly string[] }
  /** Its hours, oldest first. */
  readonly sample: readonly RelayMap[]
}

/** What the thread says at its end; an error that it does not say itself is a bug. */
export type Outcome = { readonly done: Done[Job['kind']] } | { readonly failed: ErrorData }

async function fetched({ config, folder }: FetchJob): Promise<Done['fetch']> {
  // Nobody asks this thread to stop: it is ended.
  const { signal } = new AbortController()
  const { isNew } = await fetchLocked({ config, folder, clock: systemClock, signal })
  return { isNew }
}

async function made({ config, folder, held, cacheFolder, now, basis }: HourJob): Promise<Done['hour']> {
  const documents = await readHeld(folder, held)
  const options = { cacheFolder, now }
  const [geo, asn] = await Promise.all([openGeo(config.geo, options), openAsn(config.asn, options)])
  try {
    const trusted = config.authorities.length === 0 ? {} : { trusted: trustedBy(config.authorities, now) }
    const first = new Map(Object.entries(JSON.parse(basis.firstSeen) as Record<string, number>))
    const seen = (fingerprint: string): number | null => first.get(fingerprint) ?? null
    const { map, notes } = mapOf(documents, { geo, asn, now, firstSeen: seen, ...trusted })
    if (map.verification.state === 'bad') throw new NocError('NOC_TORMAP_BAD', map.verification.why)
    return { hour: await packHour(basis, map), notes }
  } finally {
    geo?.close?.()
    asn?.close?.()
  }
}

async function doneBy(job: Job): Promise<Done[Job['kind']]> {
  if (job.kind === 'fetch') return fetched(job)
  if (job.kind === 'hour') return made(job)
  return (await import('./sample/maps.ts')).sampleMaps(job.now)
}

async function outcome(job: Job): Promise<Outcome> {
  try {
    return { done: await doneBy(job) }
  } catch (error) {
    if (!(error instanceof NocError)) throw error
    return { failed: errorData(error) }
  }
}

const port = parentPort
port?.postMessage(await outcome(workerData as Job))
