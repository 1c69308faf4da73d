/**
 * Runs every test file of one part, or of all, in one process; an argument narrows it to paths that contain it. `tor`
 * are those with private Tor networks, which mostly wait; `setups` those that change a machine, which start so many
 * programs that a process without all the others' memory is twice as fast; `other` are all others.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [wanted = '', part] = process.argv.slice(2)
const partOf = (file: string): string =>
  /^test\/(tor\/|e2e\/tor)/.test(file) ? 'tor' : file.startsWith('test/e2e/setup') ? 'setups' : 'other'
const files = ['src', 'test']
  .flatMap((dir) => readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((file) => join(dir, file)))
  .filter((file) => file.endsWith('.test.ts') && file.includes(wanted))
  .filter((file) => part === undefined || partOf(file) === part)
  .toSorted()

if (files.length === 0 && part === undefined) throw new Error(`no test file has "${wanted}" in its path`)
for (const file of files) await import(join(root, file))
