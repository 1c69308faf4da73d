/** A folder that is replaced as a whole: readers see the old one or the new one, never half of one. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { NocError, exitCode, reasonOf, systemErrorCode } from '#core/errors.ts'
import { MOST_BYTES } from './encode.ts'
import type { SiteFile } from './site.ts'

/** What is written at once. */
const BUFFER_BYTES = 1 << 18

/** Lies in every folder that was made here; only such folders are replaced without a word. */
export const MARKER = '.noc-tormap'
const MARKER_TEXT = 'Made by `noc tormap build`, which replaces this folder as a whole.\n'

export interface Written {
  readonly folder: string
  readonly files: number
  readonly bytes: number
}

/**
 * Writes the files into a new folder beside `folder` and then puts it in its place. A folder that was not made here is
 * replaced only with `force`, and never the one that is worked in, or one above it.
 */
export async function replaceFolder(
  folder: string,
  files: AsyncIterable<SiteFile>,
  options: { readonly force: boolean; readonly workingDirectory: string },
): Promise<Written> {
  const path = resolve(options.workingDirectory, folder)
  try {
    const target = existing(path)
    mkdirSync(dirname(target), { recursive: true })
    tidy(target)
    refuse(target, options)
    return await makeAndSwap(target, files)
  } catch (error) {
    throw unable(path, error)
  }
}

async function makeAndSwap(target: string, files: AsyncIterable<SiteFile>): Promise<Written> {
  const made = `${target}.new-${process.pid}`
  try {
    const written = await fill(made, files)
    swap(made, target)
    return { folder: target, ...written }
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    throw error
  }
}

/** Where a link leads: a web server's folder is often one. */
function existing(path: string): string {
  return exists(path) ? realpathSync(path) : path
}

function refuse(target: string, { force, workingDirectory }: { force: boolean; workingDirectory: string }): void {
  const found = statSync(target, { throwIfNoEntry: false })
  if (found === undefined) return
  const inside = relative(target, realpathSync(workingDirectory))
  if (!found.isDirectory()) throw refused(target, 'is a file', 'Name another folder with --out.')
  if (!/^\.\.(\/|$)/.test(inside))
    throw refused(target, 'is the folder you are in, or above it', 'Name a folder below it with --out.')
  const entries = readdirSync(target)
  if (force || entries.length === 0 || entries.includes(MARKER)) return
  throw refused(
    target,
    'was not made by `noc tormap build`',
    'Name another folder with --out; --force replaces this one and all that is in it.',
  )
}

async function fill(made: string, files: AsyncIterable<SiteFile>): Promise<Omit<Written, 'folder'>> {
  const folders = new Set([made])
  mkdirSync(made)
  writeFileSync(join(made, MARKER), MARKER_TEXT)
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  let count = 0
  let bytes = 0
  for await (const { path, pieces } of files) {
    const file = join(made, path)
    const folder = dirname(file)
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true })
    folders.add(folder)
    count += 1
    bytes += write(file, pieces, buffer)
  }
  return { files: count, bytes }
}

/** Writes a file through the buffer, so that none is ever whole in memory; returns its length. */
function write(file: string, pieces: SiteFile['pieces'], buffer: Buffer): number {
  const handle = openSync(file, 'wx')
  let length = 0
  let used = 0
  const put = (data: Uint8Array): void => {
    writeFileSync(handle, data)
    length += data.length
  }
  const flush = (): void => {
    put(buffer.subarray(0, used))
    used = 0
  }
  try {
    for (const piece of pieces) {
      const isText = typeof piece === 'string'
      if (isText && piece.length * MOST_BYTES <= buffer.length) {
        if (used + piece.length * MOST_BYTES > buffer.length) flush()
        used += buffer.write(piece, used)
        continue
      }
      flush()
      put(isText ? Buffer.from(piece) : piece)
    }
    flush()
  } finally {
    closeSync(handle)
  }
  return length
}

function swap(made: string, target: string): void {
  const old = `${target}.old-${process.pid}`
  const replaces = exists(target)
  if (replaces) renameSync(target, old)
  try {
    renameSync(made, target)
  } catch (error) {
    if (replaces) renameSync(old, target)
    throw error
  }
  rmSync(old, { recursive: true, force: true })
}

/** Takes away what a run left that was killed; if it was killed between the two renames, the old folder comes back. */
function tidy(target: string): void {
  const names = readdirSync(dirname(target)).filter((name) => name.startsWith(`${basename(target)}.`))
  for (const name of names) {
    const [, kind, pid] = /^\.(new|old)-(\d+)$/.exec(name.slice(basename(target).length)) ?? []
    if (pid === undefined || runs(Number(pid))) continue
    const path = join(dirname(target), name)
    if (kind === 'old' && !exists(target)) renameSync(path, target)
    else if (exists(join(path, MARKER))) rmSync(path, { recursive: true, force: true })
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Whether a process is there; one of another user is. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'
  }
}

function refused(target: string, why: string, hint: string): NocError {
  return new NocError('NOC_TORMAP_OUT', `${target} is not replaced: it ${why}.`, { exit: exitCode.usage, hint })
}

function unable(target: string, cause: unknown): unknown {
  // Anything but the file system is a fault of ours, and must look like one.
  if (cause instanceof NocError || systemErrorCode(cause) === undefined) return cause
  return new NocError('NOC_TORMAP_WRITE', `${target} could not be written: ${reasonOf(cause)}.`, {
    cause,
    hint: 'What was there before is still there.',
  })
}
