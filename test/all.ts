/** Runs every test file in one process; an argument narrows it to paths that contain it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const wanted = process.argv[2] ?? ''
const files = ['src', 'test']
  .flatMap((dir) => readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((file) => join(dir, file)))
  .filter((file) => file.endsWith('.test.ts') && file.includes(wanted))
  .toSorted()

if (files.length === 0) throw new Error(`no test file has "${wanted}" in its path`)
for (const file of files) await import(join(root, file))
