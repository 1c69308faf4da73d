import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NocError } from '../../errors.ts'
import { fileTrouble } from './host.ts'
import type { Host } from './types.ts'

/**
 * Lets a program judge a text before it is installed as `path`; `{}` in its arguments stands for a private copy.
 * Throws what the program complains about.
 */
export async function checkText(host: Host, argv: readonly string[], path: string, text: string): Promise<void> {
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'nocturne-check-'))
  } catch (error) {
    throw fileTrouble(error, tmpdir())
  }
  const copy = join(folder, 'candidate')
  try {
    writeFileSync(copy, text, { mode: 0o600 })
    const { code, out, err } = await host.run(argv.map((word) => word.replaceAll('{}', copy)))
    if (code !== 0) throw invalid(argv[0] ?? '', path, `${err}${out}`.replaceAll(copy, path))
  } catch (error) {
    throw fileTrouble(error, copy)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lines of a complaint that are told: the last ones say what is wrong. */
const TOLD_LINES = 8

/** A program does not take what was to be installed. */
export function invalid(program: string, what: string, complaint: string): NocError {
  const told = complaint.trim().split('\n').slice(-TOLD_LINES).join('\n')
  return new NocError('NOC_SETUP_INVALID', `${program} does not accept ${what}:\n${told}`, {
    hint: 'It was not installed; the former one stands.',
  })
}
