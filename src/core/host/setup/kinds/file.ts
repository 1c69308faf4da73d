import { checkText } from '../check.ts'
import { fieldDiff, lineDiff } from '../diff.ts'
import { look, modeOf, normalMode, parseMode, readText, removeFile, replaceFile, tidyFile } from '../files.ts'
import { normalOwner, ourselves, ownerIds, ownerName } from '../owners.ts'
import { changeUnitFile } from '../service-systemd.ts'
import type { FileParams, Kind } from '../types.ts'

/** A plain file; null: nothing is there. */
export type FileState = { readonly content: string; readonly mode: string; readonly owner: string } | null

/** A whole file that belongs to the set-up. */
export const file: Kind<FileParams, FileState> = {
  name: 'file',
  invert: 'exact',
  id: ({ path }) => `file:${path}`,
  async read(host, { path }) {
    const content = readText(host, path)
    const stats = look(host, path)
    return content === null || stats === null ? null : { content, mode: modeOf(stats), owner: ownerName(host, stats) }
  },
  want(params, now, host) {
    const mode = params.mode === undefined ? (now?.mode ?? '0644') : normalMode(params.mode)
    const owner = params.owner === undefined ? (now?.owner ?? ourselves(host)) : normalOwner(host, params.owner)
    return { content: params.content, mode, owner }
  },
  async check(host, params, to) {
    if (params.check && to) await checkText(host, params.check, params.path, to.content)
  },
  async write(host, { path }, to) {
    await changeUnitFile(host, path, to, () => {
      if (to === null) removeFile(host, path)
      else replaceFile(host, path, { content: to.content, mode: parseMode(to.mode), owner: ownerIds(host, to.owner) })
    })
  },
  tidy: async (host, { path }) => tidyFile(host, path),
  show: (_, from, to) => [
    ...fieldDiff(from && { mode: from.mode, owner: from.owner }, to && { mode: to.mode, owner: to.owner }),
    ...lineDiff(from?.content ?? '', to?.content ?? ''),
  ],
}
