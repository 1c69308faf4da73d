import { checkBlockName, ended, findBlock, marksOf, spliceBlock, type Marks } from '../block.ts'
import { checkText } from '../check.ts'
import { lineDiff } from '../diff.ts'
import { look, readText, removeFile, replaceFile, tidyFile } from '../files.ts'
import type { FileBlockParams, Host, Kind } from '../types.ts'

/**
 * The block, and the whole text around it as it was then (null: no block, no file). Only the block is compared: what
 * others do to the rest of the file is their business and no conflict.
 */
export type FileBlockState = { readonly block: string | null; readonly text: string | null }

function marks({ name, comment = '#' }: FileBlockParams): Marks {
  checkBlockName(name)
  return marksOf(name, comment)
}

/** The text that undo and apply write: exactly the remembered one unless others touched the rest of the file. */
export function nextText(params: FileBlockParams, to: FileBlockState, from: FileBlockState): string | null {
  const untouched = from.block !== null && spliceBlock(to.text ?? '', marks(params), from.block) === from.text
  return untouched ? to.text : spliceBlock(from.text ?? '', marks(params), to.block)
}

function writeText(host: Host, path: string, text: string | null): void {
  if (text === null) return removeFile(host, path)
  const stats = look(host, path)
  replaceFile(host, path, { content: text, mode: stats === null ? 0o644 : stats.mode & 0o7777, owner: stats })
}

/** A marked part of a file that others own. */
export const fileBlock: Kind<FileBlockParams, FileBlockState> = {
  name: 'file-block',
  invert: 'exact',
  id: ({ path, name }) => `file-block:${path}#${name}`,
  async read(host, params) {
    const text = readText(host, params.path)
    return { block: text === null ? null : (findBlock(text, marks(params))?.content ?? null), text }
  },
  want(params, now) {
    const text = spliceBlock(now.text ?? '', marks(params), params.content)
    return { block: ended(params.content), text }
  },
  async check(host, params, to) {
    if (params.check) await checkText(host, params.check, params.path, to.text ?? '')
  },
  write: async (host, params, to, from) => writeText(host, params.path, nextText(params, to, from)),
  tidy: async (host, { path }) => tidyFile(host, path),
  same: (a, b) => a.block === b.block,
  show: (_, from, to) => lineDiff(from.block ?? '', to.block ?? ''),
}
