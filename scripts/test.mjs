// `npm test [-- PATTERN]`: all the set-up, then every test in one process. PATTERN: part of a test file's path.
import { spawnSync } from 'node:child_process'
import { installPeers, missing } from './peers.mjs'
import { build, root } from './setup.mjs'

await build()
installPeers()
const args = ['--import', 'tsx', '--test-reporter=spec', 'test/all.ts', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
const absent = missing()
if (absent.length > 0) console.error(`Left out: the tests that need ${absent.join(', ')} (not on this machine).`)
if (process.getuid() !== 0) console.error('Left out: the tests that need root (network namespaces).')
process.exit(status ?? 1)
