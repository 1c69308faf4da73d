/** The write-ahead journal of one set-up: a JSON line an event, on disk before what it tells of is done. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { NocError, systemErrorCode } from '../../errors.ts'
import { makeFolder, syncDirectory } from './files.ts'
import { fileTrouble } from './host.ts'
import type { Entry, Json, Kept, Note, Ref } from './types.ts'

/** Values up to this many characters of JSON stand in the journal itself. */
const SHORT = 1024
/** Everything the engine keeps lies below this folder of the data directory. */
export const SETUPS_FOLDER = 'setups'
const BLOBS = 'blobs'

/** What was done to a host by one set-up. */
export interface Journal {
  readonly entries: readonly Entry[]
  /** Writes a line and waits until the disk has it. */
  append(run: number, at: number, note: Note): Ref
  /** How a value is kept; a secret or large one goes into the blob directory, on disk when this returns. */
  keep(value: Json, secret: boolean): Kept
  /** The value again; throws when its blob is gone or was changed. */
  value(kept: Kept): Json
  close(): void
}

/** Opens the journal of `setup` below the data directory, to read; `writable` makes it when it is not there. */
export function openJournal(data: string, setup: string, { writable }: { readonly writable: boolean }): Journal {
  const folder = join(data, SETUPS_FOLDER)
  const file = join(folder, `${setup}.jsonl`)
  try {
    if (writable) makeFolder(join(folder, BLOBS))
    const { entries, size } = readEntries(file)
    if (!writable) return { ...values(folder), entries, append: readOnly, close: () => undefined }
    const fresh = !existsSync(file)
    const fd = openSync(file, 'a', 0o600)
    // A line that a kill cut short tells of nothing that was done: what it tells of comes after it.
    ftruncateSync(fd, size)
    if (fresh) syncDirectory(folder)
    return { ...values(folder), ...writer(fd, file, entries, size) }
  } catch (error) {
    throw fileTrouble(error, file)
  }
}

function readOnly(): never {
  throw new Error('this journal was opened to read')
}

function readEntries(file: string): { readonly entries: Entry[]; readonly size: number } {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
  const size = bytes.lastIndexOf(0x0a) + 1
  const lines = bytes.toString('utf8', 0, size).split('\n').slice(0, -1)
  return { entries: lines.map((line, index) => parseEntry(line, file, index + 1)), size }
}

function parseEntry(line: string, file: string, number: number): Entry {
  try {
    const entry = JSON.parse(line) as Entry
    if (Number.isInteger(entry.run) && Number.isInteger(entry.seq) && typeof entry.t === 'string') return entry
  } catch {}
  throw new NocError('NOC_SETUP_JOURNAL', `Line ${number} of the journal ${file} is damaged.`, {
    hint: 'Nothing can be undone safely without it: restore the file from a backup, or move it away to start anew.',
  })
}

function writer(
  fd: number,
  file: string,
  entries: Entry[],
  start: number,
): Pick<Journal, 'entries' | 'append' | 'close'> {
  let size = start
  let open = true
  return {
    entries,
    append(run, at, note) {
      const seq = entries.filter((entry) => entry.run === run).length
      const entry: Entry = { run, seq, at, ...note }
      const line = Buffer.from(`${JSON.stringify(entry)}\n`)
      try {
        writeFileSync(fd, line)
        fsyncSync(fd)
      } catch (error) {
        // Half a line must not stand before the next one.
        try {
          ftruncateSync(fd, size)
        } catch {}
        throw fileTrouble(error, file)
      }
      size += line.length
      entries.push(entry)
      return { run, seq }
    },
    close() {
      if (open) closeSync(fd)
      open = false
    },
  }
}

function values(folder: string): Pick<Journal, 'keep' | 'value'> {
  const place = (hash: string): string => join(folder, BLOBS, hash)
  return {
    keep(value, secret) {
      const text = JSON.stringify(value)
      if (!secret && text.length <= SHORT) return { json: value }
      const hash = hashOf(text)
      if (!existsSync(place(hash))) writeBlob(place(hash), text)
      return { blob: hash }
    },
    value(kept) {
      if ('json' in kept) return kept.json
      const text = readBlob(place(kept.blob))
      if (text !== null && hashOf(text) === kept.blob) return JSON.parse(text) as Json
      throw new NocError('NOC_SETUP_BLOB', `${place(kept.blob)}, a former state, is gone or was changed.`, {
        hint: 'Restore it from a backup; what it held can only be put back by hand otherwise.',
      })
    },
  }
}

/** SHA-256, in hexadecimal. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function readBlob(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw fileTrouble(error, file)
  }
}

function writeBlob(file: string, text: string): void {
  const fresh = `${file}.new`
  try {
    const fd = openSync(fresh, 'w', 0o600)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, file)
    syncDirectory(join(file, '..'))
  } catch (error) {
    throw fileTrouble(error, file)
  }
}
