import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Where a program lies: PATH first, then the administrator's folders, which a user's PATH often lacks. */
export function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...SBIN]
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a test needs of this machine, for `{ skip: needs(...) }`: false when all is there, else the reason. */
export function needs(wanted: { readonly root?: boolean; readonly programs?: readonly string[] }): string | false {
  const missing = (wanted.programs ?? []).filter((program) => find(program) === undefined)
  const reasons = [
    ...(wanted.root === true && process.geteuid?.() !== 0 ? ['needs root'] : []),
    ...(missing.length > 0 ? [`needs ${missing.join(', ')}`] : []),
  ]
  if (reasons.length === 0) return false
  const reason = reasons.join('; ')
  // What CI leaves out silently nobody will ever run.
  if (process.env['CI']) throw new Error(`a test can't run here: ${reason}`)
  return `LEFT OUT: ${reason}`
}
