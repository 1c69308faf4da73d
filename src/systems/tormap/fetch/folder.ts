/** The folder where fetched documents lie, under the names that tor gives them; a tor's own folder is read the same way. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NocError, reasonOf, systemErrorCode } from '#core/errors.ts'
import { type DataLock, lockFile } from '#core/store/lock.ts'
import type { Flavour } from '#proto/tordir/types.ts'
import { MAX_BYTES, readDocument } from './bytes.ts'
import type { Documents } from './types.ts'

/** Names of files in the folder; those of tor's DataDirectory where tor has such a file. */
export const FILES = {
  consensus: { ns: 'cached-consensus', microdesc: 'cached-microdesc-consensus' },
  /** The one before, to tell what changed. */
  previous: { ns: 'previous-consensus', microdesc: 'previous-microdesc-consensus' },
  /** Not yet verified, because certificates are missing. */
  unverified: { ns: 'unverified-consensus', microdesc: 'unverified-microdesc-consensus' },
  certificates: 'cached-certs',
  descriptors: { ns: 'cached-descriptors', microdesc: 'cached-microdescs' },
  /** What came since the file without it was written. */
  journal: { ns: 'cached-descriptors.new', microdesc: 'cached-microdescs.new' },
  onionoo: 'onionoo-details.json',
} as const

const FLAVOURS = ['ns', 'microdesc'] as const
const LOCK = 'fetch.lock'
/** Leftovers of a write that was killed. */
const DRAFT = /^\..*\.[0-9a-f]{16}$/
/** Of a document, as much as its times stand in. */
const HEAD_BYTES = 4096

/** Where a data directory has what was fetched. */
export function fetchFolder(dataDirectory: string): string {
  return join(dataDirectory, 'tormap', 'fetched')
}

/** Makes the caller the only one that fetches into `folder`; the kernel gives it back when the process ends. */
export async function lockFolder(folder: string): Promise<DataLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) =>
    Promise.reject(unwritable(folder, error)),
  )
  const lock = await lockFile(
    join(folder, LOCK),
    (cause) =>
      new NocError('NOC_TORMAP_FETCH_RUNNING', `Somebody else is fetching into ${folder} right now.`, {
        cause,
        hint: 'Wait until it is done; the daemon fetches too when [tormap] fetch is true.',
      }),
  )
  const drafts = (await readdir(folder)).filter((name) => DRAFT.test(name))
  await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true })))
  return lock
}

/** A file of the folder, unpacked; null when there is none. */
export async function readIfThere(folder: string, name: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    return await readDocument(join(folder, name), maxBytes)
  } catch (error) {
    if (error instanceof NocError && systemErrorCode(error.cause) === 'ENOENT') return null
    throw error
  }
}

/** Replaces a file of the folder: after a crash the old one is there or the new one, whole. */
export async function replace(folder: string, name: string, chunks: readonly Uint8Array[]): Promise<void> {
  const draft = join(folder, `.${name}.${randomBytes(8).toString('hex')}`)
  try {
    await withFile(draft, 'wx', async (file) => {
      for (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    })
    await rename(draft, join(folder, name))
    await withFile(folder, 'r', (file) => file.sync())
  } catch (error) {
    await rm(draft, { force: true })
    throw unwritable(join(folder, name), error)
  }
}

/** Keeps the consensus of a folder as the one before; nothing happens where there is none. */
export async function keepPrevious(folder: string, flavour: Flavour): Promise<void> {
  const bytes = await readIfThere(folder, FILES.consensus[flavour], MAX_BYTES.consensus)
  if (bytes !== null) await replace(folder, FILES.previous[flavour], [bytes])
}

/** Adds to a file of the folder; after a crash its end may be half of what was added. */
export async function append(folder: string, name: string, chunks: readonly Uint8Array[]): Promise<void> {
  try {
    await withFile(join(folder, name), 'a', (file) => file.writeFile(Buffer.concat(chunks)))
  } catch (error) {
    throw unwritable(join(folder, name), error)
  }
}

/** Takes a file away; fine when there is none. */
export async function remove(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true })
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

function unwritable(path: string, cause: unknown): NocError {
  const full = systemErrorCode(cause) === 'ENOSPC'
  return new NocError('NOC_TORMAP_WRITE', `${path} can't be written: ${reasonOf(cause)}.`, {
    cause,
    hint: full ? 'Make room on the disk, then run it again.' : 'Check who owns the data directory (`noc config path`).',
  })
}

/** A consensus or Onionoo document that lies in a folder, and its time. */
export interface Held {
  readonly name: string
  readonly flavour: Flavour | 'onionoo'
  /** Its valid-after, ms since 1970. */
  readonly at: number
}

/** What a folder holds, the newest first; of two of one hour, that in which more is said. */
export async function held(folder: string): Promise<Held[]> {
  const found: Held[] = []
  for (const flavour of [...FLAVOURS, 'onionoo'] as const) {
    const name = flavour === 'onionoo' ? FILES.onionoo : FILES.consensus[flavour]
    const at = timeOf(await head(join(folder, name)))
    if (at !== null) found.push({ name, flavour, at })
  }
  return found.toSorted((a, b) => b.at - a.at)
}

async function head(path: string): Promise<string> {
  const buffer = Buffer.alloc(HEAD_BYTES)
  let size = 0
  try {
    await withFile(path, 'r', async (file) => {
      size = (await file.read(buffer, 0, HEAD_BYTES, 0)).bytesRead
    })
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return ''
    throw new NocError('NOC_TORMAP_FILE', `${path} can't be read: ${reasonOf(error)}.`, {
      cause: error,
      ...(systemErrorCode(error) === 'EACCES'
        ? { hint: "Run it as root or as tor's user; the folder is tor's own." }
        : {}),
    })
  }
  return buffer.toString('latin1', 0, size)
}

/** The valid-after of a consensus or the relays_published of Onionoo, from the beginning of the document. */
export function timeOf(text: string): number | null {
  const [, day, time] =
    /^valid-after (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/m.exec(text) ??
    /"relays_published"\s*:\s*"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)"/.exec(text) ??
    []
  const at = day === undefined ? NaN : Date.parse(`${day}T${time}Z`)
  return Number.isNaN(at) ? null : at
}

/** The newest document of a folder with all that belongs to it; null when there is none. */
export async function newestDocuments(folder: string): Promise<Documents | null> {
  const [newest] = await held(folder)
  return newest === undefined ? null : readHeld(folder, newest)
}

/** A document of a folder with all that belongs to it. */
export async function readHeld(folder: string, { name, flavour }: Held): Promise<Documents> {
  const isOnionoo = flavour === 'onionoo'
  const maxBytes = isOnionoo ? MAX_BYTES.onionoo : MAX_BYTES.consensus
  const consensus = await readDocument(join(folder, name), maxBytes)
  if (isOnionoo) return { consensus, certificates: [], microdescriptors: [], descriptors: [] }
  const certificates = await readIfThere(folder, FILES.certificates, MAX_BYTES.certificates)
  const descriptors = await readDescriptors(folder, flavour)
  return {
    consensus,
    certificates: certificates === null ? [] : [certificates],
    microdescriptors: flavour === 'microdesc' ? descriptors : [],
    descriptors: flavour === 'ns' ? descriptors : [],
  }
}

/** The descriptors of a folder that go with a flavour: file and journal. */
export async function readDescriptors(folder: string, flavour: Flavour): Promise<Uint8Array[]> {
  const names = [FILES.descriptors[flavour], FILES.journal[flavour]]
  const files = await Promise.all(names.map((name) => readIfThere(folder, name, MAX_BYTES.descriptors)))
  return files.filter((file) => file !== null)
}
