/**
 * Runs every test file of one half, or of both, in one process; an argument narrows it to paths that contain it.
 * `hosts` are those that set up machines and private Tor networks: they mostly wait, and start so many programs that
 * a process without all the others' memory is twice as fast. `other` are all others.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [wanted = '', half] = process.argv.slice(2)
const onHosts = (file: string): boolean => /^test\/(tor\/|e2e\/(tor|setup))/.test(file)
const files = ['src', 'test']
  .flatMap((dir) => readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((file) => join(dir, file)))
  .filter((file) => file.endsWith('.test.ts') && file.includes(wanted))
  .filter((file) => half === undefined || onHosts(file) === (half === 'hosts'))
  .toSorted()

if (files.length === 0 && half === undefined) throw new Error(`no test file has "${wanted}" in its path`)
for (const file of files) await import(join(root, file))
