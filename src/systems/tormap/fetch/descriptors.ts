/** The descriptors that a consensus names: kept between runs, only missing ones are asked for, several sources at a time. */
import type { Consensus, Flavour } from '#proto/tordir/types.ts'
import { type Question, type Run, ask, shuffled } from './ask.ts'
import { MAX_BYTES } from './bytes.ts'
import { FILES, append, readDescriptors, remove, replace } from './folder.ts'
import { splitDescriptors } from './split.ts'
import type { Contact } from './types.ts'

/** Most descriptors that are asked for at once: tor's own limits for the length of a request (MAX_DL_PER_REQUEST). */
const BATCH = { ns: 96, microdesc: 92 } as const
/** Requests at the same time. */
const PARALLEL = 4
/** Sources that are asked for a batch before it is done without. */
const TRIES = 3
/** Failures after which a source is not asked any more. */
const MOST_FAILURES = 3

const WORDS = { ns: 'descriptors', microdesc: 'microdescriptors' } as const

type ByDigest = Map<string, Uint8Array>

interface Batch {
  digests: readonly string[]
  readonly asked: Set<Contact>
}

/** Completes the folder's descriptors; answers those of this consensus and how many nobody had. */
export async function completeDescriptors(
  run: Run,
  consensus: Consensus,
): Promise<{ readonly bytes: Uint8Array[]; readonly missing: number }> {
  const { flavour } = consensus
  const wanted = new Set(consensus.relays.map(({ digest }) => digest))
  const found = await kept(run.folder, flavour, wanted)
  const total = wanted.size
  const tell = (): void => run.tell({ event: 'progress', what: WORDS[flavour], done: found.size, of: total })
  if (found.size < total) {
    tell()
    await download(
      run,
      flavour,
      [...wanted].filter((digest) => !found.has(digest)),
      async (fresh) => {
        const pieces = fresh.filter(({ digest }) => wanted.has(digest) && !found.has(digest))
        // First on the disk: what is there need not be asked for again, whatever happens next.
        await append(
          run.folder,
          FILES.journal[flavour],
          pieces.map(({ bytes }) => bytes),
        )
        for (const { digest, bytes } of pieces) found.set(digest, bytes)
        tell()
      },
    )
  }
  await compact(run.folder, flavour, found)
  return { bytes: [...found.values()], missing: total - found.size }
}

/** Takes descriptors from files into the folder, as far as the consensus names them. */
export async function takeDescriptors(
  folder: string,
  { flavour, relays }: Consensus,
  files: readonly Uint8Array[],
): Promise<{ readonly bytes: Uint8Array[]; readonly missing: number }> {
  const wanted = new Set(relays.map(({ digest }) => digest))
  const found = await kept(folder, flavour, wanted)
  for (const { digest, bytes } of files.flatMap((file) => splitDescriptors(file, flavour))) {
    if (wanted.has(digest)) found.set(digest, bytes)
  }
  await compact(folder, flavour, found)
  return { bytes: [...found.values()], missing: wanted.size - found.size }
}

async function kept(folder: string, flavour: Flavour, wanted: ReadonlySet<string>): Promise<ByDigest> {
  const files = await readDescriptors(folder, flavour)
  const pieces = files.flatMap((file) => splitDescriptors(file, flavour))
  return new Map(pieces.filter(({ digest }) => wanted.has(digest)).map(({ digest, bytes }) => [digest, bytes]))
}

/** One file with what the consensus names, instead of file and journal. */
async function compact(folder: string, flavour: Flavour, found: ByDigest): Promise<void> {
  await replace(folder, FILES.descriptors[flavour], [...found.values()])
  await remove(folder, FILES.journal[flavour])
}

async function download(
  run: Run,
  flavour: Flavour,
  missing: readonly string[],
  arrived: (pieces: ReturnType<typeof splitDescriptors>) => Promise<void>,
): Promise<void> {
  const queue: Batch[] = []
  for (let at = 0; at < missing.length; at += BATCH[flavour]) {
    queue.push({ digests: missing.slice(at, at + BATCH[flavour]), asked: new Set() })
  }
  const failures = new Map<Contact, number>()
  let stop: unknown = null
  const worker = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined && stop === null; batch = queue.shift()) {
      const contact = choose(run.contacts, batch, failures)
      if (contact === null) continue
      batch.asked.add(contact)
      try {
        const pieces = await ask(run, contact, question(flavour, batch.digests), (answer) =>
          wantedOf(splitDescriptors(answer, flavour), batch.digests),
        )
        await arrived(pieces)
        const got = new Set(pieces.map(({ digest }) => digest))
        batch.digests = batch.digests.filter((digest) => !got.has(digest))
      } catch (error) {
        if (run.signal.aborted) stop ??= error
        failures.set(contact, (failures.get(contact) ?? 0) + 1)
      }
      if (batch.digests.length > 0 && batch.asked.size < TRIES) queue.push(batch)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  if (stop !== null) throw stop
}

/** Somebody who was not asked for this batch yet and has not failed too often; null: nobody is left. */
function choose(
  contacts: readonly Contact[],
  { asked }: Batch,
  failures: ReadonlyMap<Contact, number>,
): Contact | null {
  const left = contacts.filter((one) => !asked.has(one) && (failures.get(one) ?? 0) < MOST_FAILURES)
  return shuffled(left)[0] ?? null
}

function question(flavour: Flavour, digests: readonly string[]): Question {
  // dir-spec 4.4 and 4.3: hexadecimal with plus, base64 with minus.
  const path = flavour === 'ns' ? `/tor/server/d/${digests.join('+')}.z` : `/tor/micro/d/${digests.join('-')}.z`
  return { what: `${digests.length} ${WORDS[flavour]}`, path, maxBytes: MAX_BYTES.descriptors / 16 }
}

function wantedOf(pieces: ReturnType<typeof splitDescriptors>, digests: readonly string[]): typeof pieces {
  const wanted = new Set(digests)
  const good = pieces.filter(({ digest }) => wanted.has(digest))
  if (good.length === 0) throw new TypeError('nothing of what was asked for is in its answer')
  return good
}
