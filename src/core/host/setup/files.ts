/** Files of a host, below its root: looked at without following links, replaced as a whole. */
import {
  type Stats,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { NocError, exitCode, systemErrorCode } from '../../errors.ts'
import { fileTrouble } from './host.ts'
import type { Host } from './types.ts'

/** Largest file that a set-up takes over; it goes into the journal. */
const MOST_BYTES = 8 * 1024 * 1024

/** Where an absolute path of the host lies for us. */
export function pathOn(host: Host, path: string): string {
  if (path.startsWith('/') && normalize(path) === path && !path.includes('\0')) return join(host.root, path)
  throw new NocError('NOC_SETUP_PATH', `"${path}" is not an absolute path in its normal form.`, {
    exit: exitCode.usage,
  })
}

/** What lies there, links not followed; null when nothing does. */
export function look(host: Host, path: string): Stats | null {
  try {
    return lstatSync(pathOn(host, path))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null
    throw fileTrouble(error, path)
  }
}

/** The text of a plain file; null when there is none. Bytes that are no UTF-8 are refused: a set-up could not put them back. */
export function readText(host: Host, path: string): string | null {
  const stats = look(host, path)
  if (stats === null) return null
  if (!stats.isFile()) throw notPlain(path, stats)
  if (stats.size > MOST_BYTES) {
    throw new NocError(
      'NOC_SETUP_FILE_SIZE',
      `${path} has ${stats.size} bytes; a set-up takes over ${MOST_BYTES} at most.`,
    )
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(pathOn(host, path)))
  } catch (error) {
    if (!(error instanceof TypeError)) throw fileTrouble(error, path)
    throw new NocError('NOC_SETUP_FILE_TEXT', `${path} is not UTF-8 text; it is left alone.`, { cause: error })
  }
}

function notPlain(path: string, stats: Stats): NocError {
  const what = stats.isSymbolicLink() ? 'a symbolic link' : stats.isDirectory() ? 'a directory' : 'a special file'
  return new NocError('NOC_SETUP_FILE_KIND', `${path} is ${what}, not a plain file; it is left alone.`, {
    hint: stats.isSymbolicLink() ? 'Replace the link by the file it leads to, or name that file.' : '',
  })
}

/** Permission bits as chmod writes them: '0644'. */
export function modeOf(stats: Stats): string {
  return formatMode(stats.mode & 0o7777)
}

function formatMode(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}

/** A mode as `modeOf` writes it. */
export function normalMode(mode: string): string {
  return formatMode(parseMode(mode))
}

/** A mode as a number; '0644', '644' and '1777' are fine. */
export function parseMode(mode: string): number {
  if (/^[0-7]{3,5}$/.test(mode)) return Number.parseInt(mode, 8)
  throw new NocError('NOC_SETUP_MODE', `"${mode}" is not a mode like 0644.`, { exit: exitCode.usage })
}

/** The place beside `path` where its next content is written; a fixed name, so that a killed write can be tidied. */
export function besides(host: Host, path: string): string {
  const full = pathOn(host, path)
  return join(dirname(full), `.${basename(full)}.noc-new`)
}

/** What a plain file is to be. `owner` null: ours. */
export interface NewFile {
  readonly content: string
  readonly mode: number
  readonly owner: { readonly uid: number; readonly gid: number } | null
}

/** Replaces a file as a whole: readers, and a machine that loses power, see the old one or the new one. */
export function replaceFile(host: Host, path: string, { content, mode, owner }: NewFile): void {
  const fresh = besides(host, path)
  try {
    rmSync(fresh, { force: true })
    // 'wx': never through a link that somebody put there.
    const fd = openSync(fresh, 'wx', 0o600)
    try {
      writeFileSync(fd, content)
      if (owner !== null) fchownSync(fd, owner.uid, owner.gid)
      // After chown, which clears set-user-ID bits.
      fchmodSync(fd, mode)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, pathOn(host, path))
    syncDirectory(dirname(pathOn(host, path)))
  } catch (error) {
    tidyFile(host, path)
    throw fileTrouble(error, path)
  }
}

/** Removes a file; fine when it is gone. */
export function removeFile(host: Host, path: string): void {
  try {
    rmSync(pathOn(host, path), { force: true })
    syncDirectory(dirname(pathOn(host, path)))
  } catch (error) {
    throw fileTrouble(error, path)
  }
}

/** Removes what a killed `replaceFile` left. */
export function tidyFile(host: Host, path: string): void {
  try {
    rmSync(besides(host, path), { force: true, recursive: true })
  } catch (error) {
    throw fileTrouble(error, path)
  }
}

/** Makes a directory for its owner only, with those above it; fine when it is there. `full` is a path of ours. */
export function makeFolder(full: string): void {
  try {
    // Not `recursive`: on a read-only file system that says ENOENT.
    mkdirSync(full, { mode: 0o700 })
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(full) === full) throw error
    makeFolder(dirname(full))
    makeFolder(full)
  }
}

/** Makes a rename or removal in this directory survive a power cut. */
export function syncDirectory(full: string): void {
  const fd = openSync(full, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
