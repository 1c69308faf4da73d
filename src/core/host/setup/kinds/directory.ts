import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { NocError, systemErrorCode } from '../../../errors.ts'
import { fieldDiff } from '../diff.ts'
import { besides, look, modeOf, normalMode, parseMode, pathOn, syncDirectory, tidyFile } from '../files.ts'
import { fileTrouble } from '../host.ts'
import { mixture } from '../mixture.ts'
import { normalOwner, ourselves, ownerIds } from '../owners.ts'
import { ownerName } from '../owners.ts'
import type { DirectoryParams, Host, Kind } from '../types.ts'

/** null: nothing is there. */
export type DirectoryState = { readonly mode: string; readonly owner: string } | null

function remove(host: Host, { path, disposable }: DirectoryParams): void {
  const full = pathOn(host, path)
  try {
    if (disposable) rmSync(full, { recursive: true, force: true })
    else rmdirSync(full)
    syncDirectory(dirname(full))
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOTEMPTY') throw fileTrouble(error, path)
    throw new NocError('NOC_SETUP_NOT_EMPTY', `${path} is not empty; it stays.`, { cause: error })
  }
}

function make(host: Host, path: string, state: NonNullable<DirectoryState>, there: boolean): void {
  const full = pathOn(host, path)
  const place = there ? full : besides(host, path)
  const { uid, gid } = ownerIds(host, state.owner)
  try {
    if (!there) {
      rmSync(place, { recursive: true, force: true })
      mkdirSync(place, { mode: 0o700 })
    }
    chownSync(place, uid, gid)
    chmodSync(place, parseMode(state.mode))
    if (!there) renameSync(place, full)
    syncDirectory(dirname(full))
  } catch (error) {
    throw fileTrouble(error, path)
  }
}

/** A directory with its mode and owner; what lies in it is not its business. */
export const directory: Kind<DirectoryParams, DirectoryState> = {
  name: 'directory',
  invert: 'exact',
  id: ({ path }) => `directory:${path}`,
  async read(host, { path }) {
    const stats = look(host, path)
    if (stats === null) return null
    if (stats.isDirectory()) return { mode: modeOf(stats), owner: ownerName(host, stats) }
    throw new NocError('NOC_SETUP_FILE_KIND', `${path} is not a directory; it is left alone.`)
  },
  want(params, now, host) {
    const mode = params.mode === undefined ? (now?.mode ?? '0755') : normalMode(params.mode)
    const owner = params.owner === undefined ? (now?.owner ?? ourselves(host)) : normalOwner(host, params.owner)
    return { mode, owner }
  },
  async write(host, params, to, from) {
    if (to === null) remove(host, params)
    else make(host, params.path, to, from !== null)
  },
  tidy: async (host, { path }) => tidyFile(host, path),
  between: mixture,
  show: (_, from, to) => [
    ...(from === null ? ['+ (new directory)'] : to === null ? ['- (directory)'] : []),
    ...fieldDiff(from, to),
  ],
}
