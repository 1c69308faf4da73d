/** `noc tormap build`. */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { bytes, count, text } from '#core/units.ts'
import { type InputFlags, openMap } from './cli-input.ts'
import { replaceFolder } from './output/folder.ts'
import { pageFiles, pageFolder } from './output/page-folder.ts'
import { stamp, verifiedSentence } from './output/sentences.ts'
import { type SiteFile, siteFiles } from './output/site.ts'
import type { RelayMap } from './types.ts'
import { timeText } from './words.ts'

/** Where the site goes when nobody says. */
const DEFAULT_FOLDER = 'tormap'

/** Flags of `noc tormap build` (index.ts). */
export interface BuildFlags extends InputFlags {
  readonly out: string | undefined
  readonly force: boolean
}

/** Writes the static site with the map in every format. */
export async function build({ flags }: { readonly flags: BuildFlags }, cx: CommandContext): Promise<number> {
  const { out } = cx
  const { map } = await openMap(flags, cx)
  const page = pageFolder()
  const {
    folder,
    files,
    bytes: size,
  } = await replaceFolder(flags.out ?? DEFAULT_FOLDER, filesOf(map, page, cx.signal), {
    force: flags.force,
    workingDirectory: process.cwd(),
  })
  const { validAfter } = map.consensus
  if (cx.json) {
    const { state, good, needed, authorities } = map.verification
    const verified = { state, good, needed, authorities }
    out.json({ folder, files, bytes: size, relays: map.relays.length, validAfter, sample: map.sample, verified })
    return exitCode.ok
  }
  const relays = `${count(map.relays.length)} relays of ${timeText(validAfter)}`
  out.line(out.ink('strong', `${folder} shows ${relays}: ${count(files)} files, ${text(bytes(size))}.`))
  out.line(out.ink(stamp(map) === null ? 'ok' : 'warning', verifiedSentence(map)))
  out.line(`Open ${plain(pathToFileURL(join(folder, 'index.html')).href)}, or put the folder on any web server.`)
  return exitCode.ok
}

async function* filesOf(map: RelayMap, page: string, signal: AbortSignal): AsyncGenerator<SiteFile> {
  yield* pageFiles(page)
  for await (const file of siteFiles([map])) {
    signal.throwIfAborted()
    yield file
  }
}
