// What `npm start`, `npm test` and `npm run check` need first, on a fresh clone with only Node and npm.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs a program in the project's folder and ends this one when it fails. */
export function must(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options })
  if (status === 0) return
  console.error(`${program} ${args.join(' ')}: ${error?.message ?? `exit ${status}`}`)
  process.exit(status ?? 1)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`Nocturne needs Node 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(2)
}

/** Installs the dependencies when there are none, or when the lock file is newer. */
export function install() {
  checkNode()
  const installed = join(root, 'node_modules/.package-lock.json')
  const fresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  if (!fresh) must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** Builds dist/ unless it was built from exactly these sources. */
export async function build() {
  install()
  const { sourceStamp } = await import('../build.mjs')
  const stamp = join(root, 'dist/.stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceStamp()) return
  must(process.execPath, ['build.mjs'])
}
