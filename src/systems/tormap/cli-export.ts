/** `noc tormap export`. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { CommandContext } from '#core/cli/command.ts'
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { bytes, count, text } from '#core/units.ts'
import { type InputFlags, openMap } from './cli-input.ts'
import { FORMATS, FORMAT_NAMES, ofClass, type FormatName } from './output/formats.ts'
import { stamp, verifiedSentence } from './output/sentences.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES, type ModernClass, type OriginalClass } from './types.ts'

/** Flags of `noc tormap export` (index.ts). */
export interface ExportFlags extends InputFlags {
  readonly format: string | undefined
  readonly class: string | undefined
  readonly out: string | undefined
}

/** Writes the map in one format. */
export async function exportMap({ flags }: { readonly flags: ExportFlags }, cx: CommandContext): Promise<number> {
  const { out } = cx
  const file = flags.out === '-' ? undefined : flags.out
  const format = formatOf(flags.format, file)
  const name = flags.class === undefined ? null : classOf(flags.class)
  if (cx.json && file === undefined)
    throw usage('--json says what was written to a file.', 'Name the file with --out FILE.')
  if (file === undefined && out.terminal && (format === 'kmz' || format === 'png'))
    throw usage(`${format.toUpperCase()} is nothing for a terminal.`, 'Name a file with --out FILE, or use a pipe.')
  const { map: whole } = await openMap(flags, cx)
  const map = name === null ? whole : ofClass(whole, name)
  const content = await FORMATS[format].make(map)
  if (stamp(map) !== null) out.note(verifiedSentence(map))
  if (file === undefined) {
    out.raw(content)
    return exitCode.ok
  }
  const data = typeof content === 'string' ? Buffer.from(content) : content
  write(file, data)
  if (cx.json) out.json({ file, format, class: name, relays: map.relays.length, bytes: data.length })
  else out.line(out.ink('strong', `${file} has ${count(map.relays.length)} relays, ${text(bytes(data.length))}.`))
  return exitCode.ok
}

/** Beside the file and then in its place: nobody reads half of one. */
function write(file: string, data: Uint8Array): void {
  const made = `${file}.new-${process.pid}`
  try {
    writeFileSync(made, data)
    renameSync(made, file)
  } catch (cause) {
    rmSync(made, { force: true })
    throw new NocError('NOC_TORMAP_WRITE', `${file} could not be written: ${reasonOf(cause)}.`, { cause })
  }
}

/** The format that was named, or the one that the file's name says. */
function formatOf(format: string | undefined, file: string | undefined): FormatName {
  const named = format ?? extname(file ?? '').slice(1)
  const found = FORMAT_NAMES.find((one) => one === named)
  if (found !== undefined) return found
  throw usage('The format is missing.', `Name one with --format: ${FORMAT_NAMES.join(', ')}.`)
}

function classOf(text_: string): OriginalClass | ModernClass {
  const names = [...ORIGINAL_CLASSES, ...MODERN_CLASSES]
  const found = names.find((name) => name.toLowerCase() === text_.toLowerCase().replaceAll('-', ''))
  if (found !== undefined) return found
  throw usage(`There is no class "${text_}".`, `The classes are ${names.join(', ')}.`)
}

function usage(message: string, hint: string): NocError {
  return new NocError('NOC_TORMAP_EXPORT', message, { exit: exitCode.usage, hint })
}
